//! Starts the emulators on loopback and makes sure that they end with this process.
//!
//! What is deployed in them is not this module's business.

pub mod prepare;
pub mod python;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::environment::cleared;

const SUPERVISOR: &str = include_str!("emulators/supervise.py");
/// Starts MiniStack.
pub const MINISTACK: &str = include_str!("emulators/ministack.py");
const READY: Duration = Duration::from_secs(60);

pub struct Emulators {
    /// moto: the management account and the members.
    pub moto: Emulator,
    /// MiniStack: the audit account.
    pub ministack: Emulator,
}

/// One running emulator. Dropping it ends it, and so does the end of this process.
pub struct Emulator {
    /// Such as `http://127.0.0.1:40123`.
    pub endpoint: String,
    /// Standard output and standard error of the emulator.
    pub log: PathBuf,
    // Held: the supervisor ends when its standard input closes.
    _supervisor: Child,
}

/// Starts both emulators. `home` is MiniStack's Region; `folder` takes their files and logs, and is
/// removed when the last of them has ended.
///
/// # Errors
/// When Python's environment cannot be made or an emulator does not come up.
pub async fn start(target: &Path, folder: &Path, home: &str) -> Result<Emulators> {
    let python = python::environment(target)?;
    let moto = |port: u16| {
        let mut command = vec!["-m", "moto.server", "-H", "127.0.0.1", "-p"]
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>();
        command.push(port.to_string());
        (command, vec![])
    };
    // First, because the other's functions are told where it is.
    let moto = Emulator::start(&python, "moto", folder, "/moto-api/", moto).await?;
    let members = moto.endpoint.clone();
    let ministack = |port: u16| {
        let endpoint = format!("http://127.0.0.1:{port}");
        let environment = [
            ("GATEWAY_PORT", port.to_string()),
            ("BIND_HOST", "127.0.0.1".to_owned()),
            ("MINISTACK_HOST", "127.0.0.1".to_owned()),
            ("MINISTACK_REGION", home.to_owned()),
            // Where the functions find the emulator.
            ("AWS_ENDPOINT_URL", endpoint),
            // λ watch looks into members; nothing else here calls these.
            ("AWS_ENDPOINT_URL_STS", members.clone()),
            ("AWS_ENDPOINT_URL_EVENTBRIDGE", members.clone()),
            ("AWS_ENDPOINT_URL_IAM", members.clone()),
            ("AWS_ENDPOINT_URL_SQS", members.clone()),
            ("AWS_ENDPOINT_URL_SCHEDULER", members.clone()),
            ("LAMBDA_EXECUTOR", "local".to_owned()),
            // As AWS's default. MiniStack's own goes by the machine's memory, and a stream whose function it throttles lets the
            // record through untransformed: a row is lost without a word.
            ("LAMBDA_ACCOUNT_CONCURRENCY", "1000".to_owned()),
            ("LOG_LEVEL", "WARNING".to_owned()),
            // MiniStack tidies up Docker containers; here it has none.
            ("DOCKER_HOST", "unix:///nonexistent".to_owned()),
            // These would listen on every address, and on fixed ports.
            ("SFTP_ENABLED", "0".to_owned()),
            ("IOT_MTLS_ENABLED", "0".to_owned()),
        ];
        (vec!["-c".to_owned(), MINISTACK.to_owned()], environment.to_vec())
    };
    let ministack = Emulator::start(&python, "ministack", folder, "/_ministack/health", ministack).await?;
    Ok(Emulators { moto, ministack })
}

type Invocation = (Vec<String>, Vec<(&'static str, String)>);

impl Emulator {
    async fn start(
        python: &Path,
        name: &str,
        folder: &Path,
        health: &str,
        command: impl Fn(u16) -> Invocation,
    ) -> Result<Self> {
        // A port found free may be taken before the emulator has it.
        for _ in 0..3 {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let mut emulator = Self::spawn(python, name, folder, port, command(port))?;
            if emulator.ready(port, health).await? {
                return Ok(emulator);
            }
        }
        let log = std::fs::read_to_string(folder.join(format!("{name}.log"))).unwrap_or_default();
        bail!("{name} does not start\n{log}")
    }

    fn spawn(
        python: &Path,
        name: &str,
        folder: &Path,
        port: u16,
        (arguments, environment): Invocation,
    ) -> Result<Self> {
        let workdir = folder.join(name);
        std::fs::create_dir_all(&workdir).with_context(|| format!("cannot make {}", workdir.display()))?;
        let log_path = folder.join(format!("{name}.log"));
        let log = std::fs::File::create(&log_path).context("cannot write the emulator's log")?;
        let mut command = Command::from(cleared(python, &["PATH", "HOME", "LANG", "SYSTEMROOT"]));
        command
            .args(["-c", SUPERVISOR])
            .arg(&workdir)
            .arg(python)
            .args(arguments);
        command.envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")]);
        command.env("TMPDIR", &workdir).env("S3_DATA_DIR", workdir.join("s3"));
        // MiniStack keeps a key there, below /tmp unless told otherwise.
        command.env("STATE_DIR", workdir.join("state"));
        command.env("NO_PROXY", "127.0.0.1,localhost").envs(environment);
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        let supervisor = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self {
            endpoint: format!("http://127.0.0.1:{port}"),
            log: log_path,
            _supervisor: supervisor,
        })
    }

    /// Waits until the emulator answers; false when it ended instead.
    async fn ready(&mut self, port: u16, path: &str) -> Result<bool> {
        let until = Instant::now() + READY;
        while Instant::now() < until {
            if self._supervisor.try_wait()?.is_some() {
                return Ok(false);
            }
            if answers(port, path).await.unwrap_or(false) {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        ensure!(
            false,
            "no answer within {} s, see {}",
            READY.as_secs(),
            self.log.display()
        );
        Ok(false)
    }
}

/// Whether an HTTP GET gets any answer but a server error.
async fn answers(port: u16, path: &str) -> Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    Ok(head.starts_with(b"HTTP/1.") && head[9] < b'5')
}
