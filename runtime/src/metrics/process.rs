//! What the system says of the process, asked at each scrape. On Linux; elsewhere it says nothing.

use std::fmt;
use std::fs;
use std::time::SystemTime;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::names::{CPU_SECONDS, MEMORY, OPEN_FDS, START_TIME, described};

/// What the kernel counts CPU time in, for processes to read: 1/100 s whatever its own tick.
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Debug)]
pub(super) struct Process {
    /// In seconds since 1970.
    started: f64,
}

impl Process {
    /// Of a process that has just begun.
    pub(super) fn new() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            started: now.unwrap_or_default().as_secs_f64(),
        }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut write = |name: &str, metric: &dyn EncodeMetric| {
            let (name, help) = described(name);
            let help = format!("{help}.");
            metric.encode(encoder.encode_descriptor(name, &help, None, metric.metric_type())?)
        };
        write(START_TIME, &ConstGauge::new(self.started))?;
        if let Some(seconds) = cpu_seconds() {
            write(CPU_SECONDS, &ConstCounter::new(seconds))?;
        }
        if let Some(bytes) = resident_bytes() {
            write(MEMORY, &ConstGauge::new(bytes))?;
        }
        if let Some(files) = open_files() {
            write(OPEN_FDS, &ConstGauge::new(files))?;
        }
        Ok(())
    }
}

fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may have any character in it, and stands in parentheses.
    let (_, fields) = stat.rsplit_once(')')?;
    // The 14th and 15th field of all, of which two are before the parenthesis.
    let mut ticks = fields.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (ticks.next()?.parse().ok()?, ticks.next()?.parse().ok()?);
    Some((user + system) / TICKS_PER_SECOND)
}

fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

fn open_files() -> Option<u64> {
    let files = fs::read_dir("/proc/self/fd").ok()?.count();
    // One of them is the directory itself.
    u64::try_from(files).ok()?.checked_sub(1)
}
