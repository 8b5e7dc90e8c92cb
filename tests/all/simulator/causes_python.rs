//! What befalls Python services: under uvicorn, under gunicorn, or a worker of its own.

use super::causes::{Cause, End, Fault, Phase, Style, at_work, unknown};
use super::programs::Program;
use super::rng::Rng;

pub fn causes(rng: &mut Rng, program: Program, name: &str) -> Vec<Cause> {
    let work = at_work(rng);
    let raised = |key, ids: &[&'static str], text: &str, stage: u8, class: &str, message: &str| {
        Cause::new(key, ids, text, Phase::Boot(stage), End::Inside(Fault::new(Style::Uncaught, class, message)))
    };
    let module = name.replace('-', "_");
    let mut causes = vec![
        raised(
            "module-missing",
            &["py-module-missing"],
            "No module named 'tenant_rates'",
            0,
            "ModuleNotFoundError",
            "No module named 'tenant_rates'",
        ),
        raised(
            "import-name",
            &["py-import-name"],
            "cannot import name 'url_quote'",
            0,
            "ImportError",
            "cannot import name 'url_quote' from 'werkzeug.urls' \
             (/srv/venv/lib/python3.12/site-packages/werkzeug/urls.py)",
        ),
        raised(
            "config-invalid",
            &["py-settings-invalid"],
            "validation error for Settings",
            1,
            "pydantic_core._pydantic_core.ValidationError",
            "1 validation error for Settings\ndatabase_url\n  Field required [type=missing, input_value={}, \
             input_type=dict]\n    For further information visit https://errors.pydantic.dev/2.9/v/missing",
        ),
        raised(
            "json-broken",
            &["py-json-parse"],
            "json.decoder.JSONDecodeError",
            1,
            "json.decoder.JSONDecodeError",
            "Expecting ',' delimiter: line 14 column 3 (char 312)",
        ),
        raised(
            "folder-missing",
            &["sqlite-cantopen-text", "sqlite-cantopen"],
            "unable to open database file",
            2,
            "sqlite3.OperationalError",
            "unable to open database file",
        ),
        raised(
            "sqlite-corrupt",
            &["sqlite-corrupt"],
            "database disk image is malformed",
            2,
            "sqlite3.DatabaseError",
            "database disk image is malformed",
        ),
        raised(
            "no-table",
            &["sqlite-no-table"],
            "no such table",
            2,
            "sqlite3.OperationalError",
            "no such table: rates",
        ),
        raised(
            "permission-denied",
            &["eacces"],
            "Permission denied",
            2,
            "PermissionError",
            &format!("[Errno 13] Permission denied: '/var/lib/{module}/state.json'"),
        ),
        raised(
            "disk-full",
            &["disk-full"],
            "No space left on device",
            2,
            "OSError",
            "[Errno 28] No space left on device",
        ),
        raised(
            "db-refused",
            &["pg-refused", "econnrefused"],
            "Connection refused",
            3,
            "psycopg2.OperationalError",
            "connection to server at \"10.0.3.7\", port 5432 failed: Connection refused\n\tIs the server running on \
             that host and accepting TCP/IP connections?\n",
        )
        .also("Is the server running on that host"),
        raised(
            "pg-auth",
            &["pg-auth"],
            "password authentication failed for user",
            3,
            "psycopg2.OperationalError",
            "connection to server at \"10.0.3.7\", port 5432 failed: FATAL:  password authentication failed for user \
             \"app\"\n",
        ),
        raised(
            "dns",
            &["py-dns-failed"],
            "Name or service not known",
            3,
            "socket.gaierror",
            "[Errno -2] Name or service not known",
        ),
        raised(
            "cert-expired",
            &["tls-python"],
            "certificate verify failed: certificate has expired",
            3,
            "ssl.SSLCertVerificationError",
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)",
        ),
        raised(
            "key-expired",
            &["api-key-invalid", "http-401"],
            "Incorrect API key provided",
            4,
            "openai.AuthenticationError",
            "Error code: 401 - {'error': {'message': 'Incorrect API key provided: sk-proj-****Xy9A. You can find your \
             API key at https://platform.openai.com/account/api-keys.', 'type': 'invalid_request_error', 'param': \
             None, 'code': 'invalid_api_key'}}",
        ),
    ];
    let class = |error: &str| format!("{module}.errors.{error}");
    let stage = Phase::Boot(rng.between(0, 5) as u8);
    causes.push(unknown(rng, Style::Uncaught, "unknown-boot", stage, &class));
    match program {
        Program::Uvicorn => causes.push(raised(
            "port-held",
            &["py-port-in-use", "port-in-use"],
            "error while attempting to bind on address",
            5,
            "OSError",
            "[Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use",
        )),
        Program::PyWorker => {
            let memory = Fault::new(Style::Memory, "MemoryError", "");
            causes.push(Cause::new("memory-error", &["py-memory-error"], "MemoryError", work, End::Inside(memory)));
            causes.push(unknown(rng, Style::Uncaught, "unknown-work", work, &class));
        }
        _ => {}
    }
    causes
}
