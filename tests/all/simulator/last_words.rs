//! What is printed when a program dies of an error, in the form of its language and framework, and how it leaves.

use super::causes::{Fault, Style};
use super::managers::Exit;
use super::programs::{Family, Install, Level, Program};
use super::rng::Rng;
use super::time::Time;
use super::world::chance;

/// A piece of text: a log line of a level, or raw text on standard error.
pub enum Word {
    Line(Level, &'static str, String),
    Raw(String),
}

/// The last words, and the way out.
pub fn of(rng: &mut Rng, install: &Install, fault: &Fault, ready: bool, pid: u32, time: Time) -> (Vec<Word>, Exit) {
    let message = fault.message.replace("{n}", &rng.between(1000, 9999).to_string());
    let fault = &Fault { message, ..fault.clone() };
    let mut words: Vec<Word> =
        fault.before.iter().map(|(level, component, text)| Word::Line(*level, component, text.clone())).collect();
    let exit = match install.program.family() {
        Family::OpenClaw => gateway(rng, &mut words, fault, pid, time),
        Family::Node => node(rng, &mut words, install, fault, pid),
        Family::Python => python(&mut words, install, fault, ready, pid),
        Family::Java => java(rng, &mut words, install, fault),
        Family::Go => go(rng, &mut words, install, fault),
        Family::Rust => rust(&mut words, install, fault),
    };
    (words, exit)
}

fn titled(fault: &Fault) -> String {
    if fault.class.is_empty() { fault.message.clone() } else { format!("{}: {}", fault.class, fault.message) }
}

fn gateway(rng: &mut Rng, words: &mut Vec<Word>, fault: &Fault, pid: u32, time: Time) -> Exit {
    if fault.style == Style::Memory {
        words.push(Word::Raw(heap(pid)));
        return Exit::Signal("ABRT", 6);
    }
    if fault.style == Style::Banner {
        words.push(Word::Line(Level::Error, "", fault.message.clone()));
        return Exit::Code(if fault.message.contains("Invalid config") { 78 } else { 1 });
    }
    let is_rejection = fault.members.iter().any(|member| member == "rejection");
    let (kind, file) = match is_rejection {
        true => ("Unhandled promise rejection", "unhandled_rejection"),
        false => ("Uncaught exception", "uncaught_exception"),
    };
    let place = rng.between(20, 400);
    let text = format!(
        "{kind}: {}\n    at load (file:///home/ops/.openclaw/plugins/core/index.js:{place}:15)\n    at \
         process.processTicksAndRejections (node:internal/process/task_queues:104:5)",
        titled(fault)
    );
    words.push(Word::Line(Level::Error, "openclaw", text));
    let name = format!("openclaw-stability-{}-{pid}-{file}.json", time.in_file_name());
    let text = format!("wrote stability bundle: /home/ops/.openclaw/logs/stability/{name}");
    words.push(Word::Line(Level::Error, "openclaw", text));
    Exit::Code(1)
}

fn node(rng: &mut Rng, words: &mut Vec<Word>, install: &Install, fault: &Fault, pid: u32) -> Exit {
    let name = &install.name;
    match fault.style {
        Style::Memory => {
            words.push(Word::Raw(heap(pid)));
            return Exit::Signal("ABRT", 6);
        }
        Style::Logged => {
            // The code of the error stands in the text of careful programs only.
            let text = format!("startup failed: {}", titled(fault));
            words.push(Word::Line(Level::Fatal, "main", text));
            return Exit::Code(1);
        }
        _ => {}
    }
    let file = format!("/srv/{name}/server.js");
    let line = rng.between(9, 240);
    let at = match () {
        () if fault.message.starts_with("Cannot find module") => {
            "node:internal/modules/cjs/loader:1228\n  throw err;\n  ^".to_owned()
        }
        () if fault.class == "SyntaxError" => format!("<anonymous_script>:{}\n\n^", rng.between(2, 40)),
        () if fault.message.contains("EADDRINUSE") => {
            "node:events:497\n      throw er; // Unhandled 'error' event\n      ^".to_owned()
        }
        () if chance(rng, 50) => "node:internal/process/promises:394\n      triggerUncaughtException(err, true /* \
                                  fromPromise */);\n      ^"
            .to_owned(),
        () => format!("{file}:{line}\n    throw error;\n    ^"),
    };
    let frames = match () {
        () if fault.members.iter().any(|member| member == "<json>") => {
            vec!["at JSON.parse (<anonymous>)".to_owned(), format!("at loadConfig ({file}:{line}:21)")]
        }
        () if fault.message.contains("EADDRINUSE") => vec![
            "at Server.setupListenHandle [as _listen2] (node:net:1940:16)".to_owned(),
            "at listenInCluster (node:net:1997:12)".to_owned(),
            "at Server.listen (node:net:2102:7)".to_owned(),
            format!("at Object.<anonymous> ({file}:{line}:8)"),
        ],
        () => vec![
            format!("at open (/srv/{name}/lib/open.js:{}:13)", rng.between(9, 90)),
            format!("at main ({file}:{line}:5)"),
            "at process.processTicksAndRejections (node:internal/process/task_queues:105:5)".to_owned(),
        ],
    };
    let mut text = format!("{at}\n\n{}", titled(fault));
    for frame in frames {
        text.push_str(&format!("\n    {frame}"));
    }
    let members: Vec<&String> = fault.members.iter().filter(|member| *member != "<json>").collect();
    if !members.is_empty() {
        text.push_str(" {");
        for (at, member) in members.iter().enumerate() {
            let comma = if at + 1 < members.len() { "," } else { "" };
            text.push_str(&format!("\n  {member}{comma}"));
        }
        text.push_str("\n}");
    }
    text.push_str("\n\nNode.js v22.14.0");
    words.push(Word::Raw(text));
    Exit::Code(1)
}

/// V8's last words.
fn heap(pid: u32) -> String {
    format!(
        "\n<--- Last few GCs --->\n\n[{pid}:0x5c2f3e0]   81302 ms: Mark-Compact 2041.6 (2084.1) -> 2038.9 (2084.6) MB, \
         pooled: 0 MB, 1093.53 / 0.00 ms  (average mu = 0.091, current mu = 0.027) allocation failure; scavenge might \
         not succeed\n\n\n<--- JS stacktrace --->\n\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript \
         heap out of memory\n----- Native stack trace -----\n\n 1: 0xb8d0a3 node::OOMErrorHandler(char const*, \
         v8::OOMDetails const&) [node]\n 2: 0xf06250 v8::Utils::ReportOOMFailure(v8::internal::Isolate*, char const*, \
         v8::OOMDetails const&) [node]"
    )
}

fn traceback(install: &Install, fault: &Fault, library: &[(&str, &str)], ready: bool) -> String {
    let module = install.name.replace('-', "_");
    let mut text = "Traceback (most recent call last):".to_owned();
    for (place, source) in library {
        text.push_str(&format!("\n  File \"/srv/venv/lib/python3.12/site-packages/{place}\n    {source}"));
    }
    let own: [(&str, &str); 2] = match (fault.class.as_str(), ready) {
        ("ModuleNotFoundError", _) => [
            ("main.py\", line 3, in <module>", "from .rates import table"),
            ("rates.py\", line 2, in <module>", "import tenant_rates"),
        ],
        (_, true) => [("main.py\", line 88, in run", "step(job)"), ("jobs.py\", line 41, in step", "return job.run()")],
        _ => [
            ("main.py\", line 41, in start", "state = await open_all()"),
            ("deps.py\", line 17, in open_all", "return _open(settings)"),
        ],
    };
    for (place, source) in own {
        text.push_str(&format!("\n  File \"/srv/{module}/{place}\n    {source}"));
    }
    let last = if fault.message.is_empty() { fault.class.clone() } else { titled(fault) };
    text.push('\n');
    text.push_str(&last);
    text
}

const LIFESPAN: [(&str, &str); 2] = [
    ("starlette/routing.py\", line 693, in lifespan", "async with self.lifespan_context(app) as maybe_state:"),
    ("contextlib.py\", line 210, in __aenter__", "return await anext(self.gen)"),
];
const ARBITER: [(&str, &str); 3] = [
    ("gunicorn/arbiter.py\", line 608, in spawn_worker", "worker.init_process()"),
    ("uvicorn/workers.py\", line 75, in init_process", "super().init_process()"),
    ("gunicorn/workers/base.py\", line 135, in init_process", "self.load_wsgi()"),
];

fn python(words: &mut Vec<Word>, install: &Install, fault: &Fault, ready: bool, pid: u32) -> Exit {
    let line = |level, text: &str| Word::Line(level, "", text.to_owned());
    match install.program {
        Program::Uvicorn if fault.message.contains("attempting to bind") => {
            words.push(line(Level::Info, "Application startup complete."));
            words.push(line(Level::Error, &fault.message));
            words.push(line(Level::Info, "Waiting for application shutdown."));
            words.push(line(Level::Info, "Application shutdown complete."));
            Exit::Code(1)
        }
        // What fails while the application is imported is not uvicorn's to tell.
        Program::Uvicorn if matches!(fault.class.as_str(), "ModuleNotFoundError" | "ImportError") => {
            let library = [(
                "uvicorn/importer.py\", line 19, in import_from_string",
                "module = importlib.import_module(module_str)",
            )];
            words.push(Word::Raw(traceback(install, fault, &library, ready)));
            Exit::Code(1)
        }
        Program::Uvicorn => {
            words.push(line(Level::Error, &traceback(install, fault, &LIFESPAN, ready)));
            words.push(line(Level::Error, "Application startup failed. Exiting."));
            Exit::Code(3)
        }
        Program::Gunicorn => {
            words.push(line(Level::Error, "Exception in worker process"));
            words.push(Word::Raw(traceback(install, fault, &ARBITER, ready)));
            words.push(line(Level::Info, &format!("Worker exiting (pid: {})", pid + 2)));
            words.push(line(Level::Error, &format!("Worker (pid:{}) exited with code 3.", pid + 2)));
            words.push(line(Level::Error, "Shutting down: Master"));
            words.push(line(Level::Error, "Reason: Worker failed to boot."));
            Exit::Code(3)
        }
        _ => {
            words.push(Word::Raw(traceback(install, fault, &[], ready)));
            Exit::Code(1)
        }
    }
}

fn java(rng: &mut Rng, words: &mut Vec<Word>, install: &Install, fault: &Fault) -> Exit {
    let class = install.name.replace('-', ".");
    if fault.style == Style::Memory {
        let file = format!("java_pid{}.hprof", rng.between(1000, 30_000));
        words.push(Word::Raw(format!(
            "java.lang.OutOfMemoryError: Java heap space\nDumping heap to {file} ...\nHeap dump file created [1073741824 \
             bytes in 9.214 secs]\nTerminating due to java.lang.OutOfMemoryError: Java heap space"
        )));
        return Exit::Code(3);
    }
    let frames = "\n\tat com.acme.App.open(App.java:88)\n\tat com.acme.App.main(App.java:21)";
    if fault.style == Style::Panic || fault.class == "java.lang.UnsupportedClassVersionError" {
        words.push(Word::Raw(format!("Exception in thread \"main\" {}{frames}", titled(fault))));
        return Exit::Code(1);
    }
    if fault.class.is_empty() {
        words.push(Word::Raw(fault.message.clone()));
        return Exit::Code(1);
    }
    if fault.class == "<banner>" {
        let action = "Update your application's configuration so that it can start.";
        let banner = "***************************\nAPPLICATION FAILED TO START\n***************************";
        let text = format!("\n\n{banner}\n\nDescription:\n\n{}\n\nAction:\n\n{action}\n", fault.message);
        words.push(Word::Line(Level::Error, "diagnostics", text));
        return Exit::Code(1);
    }
    let bean = format!("com.acme.{class}.StoreConfig");
    let text = "Exception encountered during context initialization - cancelling refresh attempt: \
                org.springframework.beans.factory.UnsatisfiedDependencyException: Error creating bean with name \
                'jobRunner': Unsatisfied dependency expressed through constructor parameter 0";
    words.push(Word::Line(Level::Warn, "context", text.to_owned()));
    words.push(Word::Line(
        Level::Error,
        "boot",
        format!(
            "Application run failed\n\norg.springframework.beans.factory.UnsatisfiedDependencyException: Error creating \
             bean with name 'jobRunner': Unsatisfied dependency expressed through constructor parameter 0: Error \
             creating bean with name 'store' defined in {bean}: Failed to instantiate [com.acme.Store]\n\tat \
             org.springframework.beans.factory.support.ConstructorResolver.createArgumentArray(ConstructorResolver.java:\
             795) ~[spring-beans-6.1.8.jar!/:6.1.8]\n\tat com.acme.App.main(App.java:21) ~[!/:na]\nCaused by: \
             org.springframework.beans.BeanInstantiationException: Failed to instantiate [com.acme.Store]: Factory \
             method 'store' threw exception\n\t... 23 common frames omitted\nCaused by: {}\n\tat \
             com.acme.Store.open(Store.java:52) ~[!/:na]\n\t... 31 common frames omitted",
            titled(fault)
        ),
    ));
    Exit::Code(1)
}

fn go(rng: &mut Rng, words: &mut Vec<Word>, install: &Install, fault: &Fault) -> Exit {
    if fault.style == Style::Logged {
        let text = format!("{}: {}", fault.class, fault.message);
        words.push(Word::Line(Level::Fatal, "main", text));
        return Exit::Code(1);
    }
    let head = match fault.members.first().map(String::as_str) {
        Some("fatal") => fault.message.clone(),
        Some(signal) => format!("panic: {}\n{signal}", fault.message),
        None => format!("panic: {}", fault.message),
    };
    let name = &install.name;
    let (line, address) = (rng.between(20, 300), rng.hex(7));
    words.push(Word::Raw(format!(
        "{head}\n\ngoroutine 41 [running]:\nmain.(*worker).run(0xc000{address}, 0x4)\n\t/src/{name}/worker.go:{line} \
         +0x1a4\nmain.main.func2()\n\t/src/{name}/main.go:88 +0x2b\ncreated by main.main in goroutine \
         1\n\t/src/{name}/main.go:86 +0x3f1"
    )));
    Exit::Code(2)
}

fn rust(words: &mut Vec<Word>, install: &Install, fault: &Fault) -> Exit {
    if fault.style == Style::Panic {
        let text = format!(
            "thread 'main' panicked at src/main.rs:41:10:\n{}\nnote: run with `RUST_BACKTRACE=1` environment variable \
             to display a backtrace",
            fault.message
        );
        words.push(Word::Raw(text));
        return Exit::Code(101);
    }
    if install.program == Program::Tracing {
        let text = format!("{} failed: {}", fault.class, fault.message);
        words.push(Word::Line(Level::Fatal, "main", text));
        return Exit::Code(1);
    }
    words.push(Word::Raw(format!("Error: {}\n\nCaused by:\n    {}", fault.class, fault.message)));
    Exit::Code(1)
}
