//! A process whose clock is wrong.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What the process asks instead of the C library: the time of day is off, the clock that measures
/// durations is not, as on a machine whose clock is set wrong.
const LIBRARY: &str = r#"
    #define _GNU_SOURCE
    #include <stdlib.h>
    #include <sys/syscall.h>
    #include <time.h>
    #include <unistd.h>

    int clock_gettime(clockid_t clock, struct timespec *now) {
        int failed = syscall(SYS_clock_gettime, clock, now);
        if (!failed && clock == CLOCK_REALTIME)
            now->tv_sec += atol(getenv("CLOCK_OFFSET"));
        return failed;
    }
"#;

/// The variables by which a process gets a clock that is that many seconds ahead.
pub fn off_by(seconds: i64, directory: &Path) -> [String; 2] {
    let library = directory.join("clock.so");
    if !library.exists() {
        compile(&library);
    }
    [
        format!("LD_PRELOAD={}", library.display()),
        format!("CLOCK_OFFSET={seconds}"),
    ]
}

fn compile(library: &Path) {
    let mut compiler = Command::new("cc")
        .args(["-shared", "-fPIC", "-x", "c", "-", "-o"])
        .arg(library)
        .stdin(Stdio::piped())
        .spawn()
        .expect("a C compiler named cc, which opgen is built with too");
    let mut stdin = compiler.stdin.take().unwrap();
    stdin.write_all(LIBRARY.as_bytes()).unwrap();
    drop(stdin);
    assert!(compiler.wait().unwrap().success(), "cc refused");
}
