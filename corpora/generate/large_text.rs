//! What the gateway of the large corpora says. `#` stands for a number, `@` for eight hexadecimal digits; quotes and
//! backslashes are left out, so that a text is its own JSON escape but for line ends.

pub struct Line {
    pub subsystem: &'static str,
    pub text: &'static str,
}

/// An error; its stack is made of these frames, over and over, or left out where there are none.
pub struct Fault {
    pub line: Line,
    pub frames: &'static [&'static str],
}

const fn line(subsystem: &'static str, text: &'static str) -> Line {
    Line { subsystem, text }
}

const fn fault(subsystem: &'static str, text: &'static str, frames: &'static [&'static str]) -> Fault {
    Fault { line: line(subsystem, text), frames }
}

pub const BOOT: [Line; 12] = [
    line("gateway", "loading configuration…"),
    line("gateway", "resolving authentication…"),
    line("gateway", "starting..."),
    line(
        "gateway",
        "shutdown budget at startup: drain=315000ms shutdown=325000ms reserve=10000ms exitMargin=5000ms; \
         source=Gateway stop policy=330000ms",
    ),
    line("gateway", "spawn broker started child=#"),
    line("gateway", "state database opened schema=31 journal=wal pages=#"),
    line("gateway", "starting HTTP server..."),
    line("gateway", "agent model: openai/gpt-6-astra (thinking=medium, fast=off)"),
    line(
        "gateway",
        "http server listening (24 plugins: anthropic, browser, canvas, device-pair, file-transfer, memory-core, \
         openai, session-store; #ms)",
    ),
    line("gateway", "log file: /tmp/openclaw/openclaw-2026-02-01.log"),
    line("gateway", "starting channels and sidecars..."),
    line("hooks", "loaded 5 internal hook handlers"),
];

pub const PLUGINS: [&str; 24] = [
    "anthropic",
    "bonjour",
    "browser",
    "canvas",
    "cua-computer",
    "device-pair",
    "discord",
    "file-transfer",
    "geolocation",
    "github",
    "linux-node",
    "matrix",
    "memory-core",
    "memory-embed",
    "ollama",
    "openai",
    "session-store",
    "signal",
    "slack",
    "talk-voice",
    "telegram",
    "voice-wake",
    "whatsapp",
    "xai",
];

pub const REGISTERED: Line =
    line("plugins", ": plugin registered (tools=#, status=loaded, source=/srv/gateway/plugins/@) in # ms");

pub const WORK: [Line; 20] = [
    line("ws", "webchat connected conn=@ remote=127.0.0.1 client=openclaw-control-ui webchat v2026.2.3"),
    line("ws", "webchat disconnected code=1001 reason=n/a conn=@ after # ms"),
    line("ws", "⇄ res ✓ chat.history #ms conn=@ id=@"),
    line("agent/embedded", "run started runId=@ session=agent:main:main model=gpt-6-astra thinking=medium"),
    line("agent/embedded", "run completed runId=@ durationMs=# inputTokens=# outputTokens=# aborted=false"),
    line("agent/embedded", "tool start tool=exec runId=@ call=@"),
    line("agent/embedded", "tool end tool=exec runId=@ call=@ durationMs=# exit=0"),
    line("cron", "job daily-digest finished in # ms, next run in # s"),
    line("cron", "timer armed for job @ at +# s"),
    line("telegram", "message queued chat=# update=# id=@"),
    line("telegram", "message delivered chat=# id=@ in # ms"),
    line("browser", "navigated tab=# to https://docs.example.net/page/@ in # ms"),
    line("browser", "tab # closed after idle time of # s"),
    line("memory", "recall found # memories for query @ in # ms (index memory/main.sqlite, # vectors)"),
    line("memory", "embedded # chunks of sessions/@.jsonl in # ms"),
    line("session", "transcript sessions/@.jsonl appended # bytes, total #"),
    line("session", "compaction of session @ saved # tokens"),
    line("heartbeat", "tick # agent=main queue=# lag=#us"),
    line("diagnostic", "lane enqueue: lane=main queueSize=# task=@"),
    line("diagnostic", "lane dequeue: lane=main waitMs=# task=@"),
];

const TOOL: &[&str] = &[
    "runTool (file:///srv/gateway/dist/agents/tools-@.js:#:17)",
    "async executeCall (file:///srv/gateway/dist/agents/embedded-@.js:#:21)",
    "async Promise.all (index #)",
    "async Lane.drain (file:///srv/gateway/dist/queue/lane-@.js:#:9)",
    "process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
];

const SOCKET: &[&str] = &[
    "TCPConnectWrap.afterConnect [as oncomplete] (node:net:1637:16)",
    "async Socket.open (file:///srv/gateway/dist/net/socket-@.js:#:11)",
    "async Client.request (file:///srv/gateway/node_modules/undici/lib/client.js:#:24)",
    "async ProviderSession.send (file:///srv/gateway/dist/providers/session-@.js:#:15)",
    "process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
];

const STARTUP: &[&str] = &[
    "MemoryIndex.open (file:///srv/gateway/plugins/memory-embed/index.js:26:15)",
    "async startSidecars (file:///srv/gateway/dist/gateway/sidecars.js:#:7)",
    "async startGateway (file:///srv/gateway/dist/gateway/start.js:402:5)",
    "async main (file:///srv/gateway/dist/cli/run-main.js:#:3)",
    "process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
];

/// Errors that end nothing.
pub const HANDLED: [Fault; 10] = [
    fault("tools", "exec failed: Error: connect ECONNREFUSED 127.0.0.1:# (call @)", SOCKET),
    fault("tools", "web_fetch failed: TypeError: fetch failed (call @)", SOCKET),
    fault("browser", "snapshot failed: TimeoutError: waiting for selector main exceeded # ms (tab @)", TOOL),
    fault(
        "agent/embedded",
        "model call failed with 429, retrying in # ms: RateLimitError: rate limit reached for requests (run @)",
        SOCKET,
    ),
    fault("memory", "embedding of chunk @ failed: Error: read ECONNRESET", SOCKET),
    fault(
        "session",
        "write of sessions/@.jsonl failed, queued again: Error: EAGAIN: resource temporarily unavailable, write",
        TOOL,
    ),
    fault("telegram", "sendMessage failed: HttpError: Network request for sendMessage failed! (chat #)", SOCKET),
    fault("cron", "job @ failed: Error: job timed out after # ms", TOOL),
    fault("tools", "read failed: Error: ENOENT: no such file or directory, open /srv/gateway/work/@.md", TOOL),
    fault("canvas", "render failed: RangeError: offset # is out of bounds (surface @)", TOOL),
];

/// What a run ends by: the cause, then the crash that follows from it.
pub const ROOTS: [(Fault, Fault); 3] = [
    (
        fault(
            "plugins",
            "embedding provider init failed: Error: 401 Incorrect API key provided: \
             sk-proj-********************************Xy9A. You can find your API key at \
             https://platform.openai.com/account/api-keys.",
            &[],
        ),
        fault("openclaw", "Unhandled promise rejection: Error: SQLITE_CANTOPEN: unable to open database file", STARTUP),
    ),
    (
        fault("gateway", "control socket failed: listen EADDRINUSE: address already in use 127.0.0.1:18791", &[]),
        fault(
            "openclaw",
            "Uncaught exception: Error: listen EADDRINUSE: address already in use 127.0.0.1:18791",
            STARTUP,
        ),
    ),
    (
        fault(
            "hooks:loader",
            "Failed to load hook guard-boot: Cannot find module '/srv/gateway/hooks/guard-boot/lib/policy-engine.js' \
             imported from /srv/gateway/hooks/guard-boot/handler.js",
            &[],
        ),
        fault(
            "openclaw",
            "Uncaught exception: Error: Failed to load hook guard-boot: Cannot find module \
             '/srv/gateway/hooks/guard-boot/lib/policy-engine.js' imported from \
             /srv/gateway/hooks/guard-boot/handler.js",
            STARTUP,
        ),
    ),
];
