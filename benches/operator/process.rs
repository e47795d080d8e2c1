//! What a process uses, from `/proc`.

use std::{fs, time::Duration};

/// `stat` counts in hundredths of a second on every Linux.
const TICKS: f64 = 100.0;
/// Who has used no CPU for this long has nothing more to do.
const QUIET: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
pub struct Process(pub u32);

impl Process {
    /// User and system time of all its threads, those that have ended included.
    pub fn cpu_seconds(self) -> f64 {
        let stat = self.read("stat");
        // The name of the program may have blanks: fields are counted from behind it.
        let fields: Vec<_> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        let ticks = |index: usize| fields[index].parse::<f64>().unwrap();
        (ticks(11) + ticks(12)) / TICKS
    }

    /// The most that was resident at any time, in MB.
    pub fn peak_memory(self) -> f64 {
        self.memory("VmHWM:")
    }

    /// What is resident now, in MB.
    pub fn resident_memory(self) -> f64 {
        self.memory("VmRSS:")
    }

    /// Waits until it does nothing more; a tick is nothing.
    pub async fn settle(self) {
        loop {
            let before = self.cpu_seconds();
            tokio::time::sleep(QUIET).await;
            if self.cpu_seconds() - before < 1.5 / TICKS {
                return;
            }
        }
    }

    fn memory(self, field: &str) -> f64 {
        let status = self.read("status");
        let line = status.lines().find(|line| line.starts_with(field));
        let kibibytes = line.unwrap().split_whitespace().nth(1).unwrap();
        kibibytes.parse::<f64>().unwrap() * 1024.0 / 1e6
    }

    fn read(self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.0)).unwrap()
    }
}
