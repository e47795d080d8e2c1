//! The figures as Markdown, ready for benches/README.md.

use std::collections::BTreeMap;

use crate::{
    binaries::{CAREFUL, Contender, FLOOR, OPGEN, SCAFFOLD},
    common::median,
    requests::Requests,
};

pub const PHASES: [&str; 3] = ["creation", "edit", "deletion"];

/// What one contender needed in one round. The floor has walls alone.
#[derive(Default)]
pub struct Run {
    /// Seconds from start to ready.
    pub ready: Option<f64>,
    pub phases: [Phase; 3],
    pub idle: Option<Idle>,
    /// MB.
    pub peak_memory: Option<f64>,
    /// MB.
    pub binary: Option<f64>,
}

#[derive(Default)]
pub struct Phase {
    /// Seconds until every object is as it should be.
    pub wall: f64,
    /// Seconds, until nothing more is done.
    pub cpu: Option<f64>,
    pub requests: Option<Requests>,
}

pub struct Idle {
    pub cpu: f64,
    pub requests: u32,
    /// MB, at its end.
    pub memory: f64,
}

/// The runs of one number of objects, by contender.
pub struct Runs {
    pub objects: u32,
    pub by_name: BTreeMap<&'static str, Vec<Run>>,
}

type Figure = Box<dyn Fn(&Run) -> Option<f64>>;

struct Row {
    what: String,
    figure: Figure,
    decimals: usize,
}

impl Runs {
    /// The median over the rounds, of those that have the figure.
    fn figure(&self, name: &str, figure: &dyn Fn(&Run) -> Option<f64>) -> Option<f64> {
        let values: Vec<_> = self.by_name.get(name)?.iter().filter_map(figure).collect();
        (!values.is_empty()).then(|| median(values.into_iter()))
    }

    /// opgen's figure beside another's.
    fn ratio(&self, of: &str, figure: &dyn Fn(&Run) -> Option<f64>) -> Option<f64> {
        let ratio = self.figure(OPGEN, figure)? / self.figure(of, figure)?;
        ratio.is_finite().then_some(ratio)
    }

    pub fn print(&self, contenders: &[Contender]) {
        let others: Vec<_> = contenders.iter().filter(|it| it.name != OPGEN).collect();
        println!("\n### {} objects\n", self.objects);
        let mut header = "| |".to_owned();
        contenders
            .iter()
            .for_each(|it| header += &format!(" {} |", it.name));
        others
            .iter()
            .for_each(|it| header += &format!(" opgen to {} |", it.name));
        println!("{header}");
        println!("|{}", " --- |".repeat(1 + contenders.len() + others.len()));
        for row in rows(self.objects) {
            let mut line = format!("| {} |", row.what);
            for contender in contenders {
                line += &cell(self.figure(contender.name, &row.figure), row.decimals);
            }
            for other in &others {
                line += &cell(self.ratio(other.name, &row.figure), 2);
            }
            println!("{line}");
        }
    }
}

fn cell(value: Option<f64>, decimals: usize) -> String {
    match value {
        Some(value) => format!(" {value:.decimals$} |"),
        None => " |".to_owned(),
    }
}

fn rows(objects: u32) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |what: String, decimals, figure: Figure| {
        rows.push(Row {
            what,
            figure,
            decimals,
        });
    };
    row("start to ready, s".into(), 2, Box::new(|run| run.ready));
    for (index, phase) in PHASES.into_iter().enumerate() {
        let wall = move |run: &Run| Some(run.phases[index].wall);
        let cpu = move |run: &Run| run.phases[index].cpu;
        row(format!("{phase}: wall, s"), 1, Box::new(wall));
        row(format!("{phase}: CPU, s"), 2, Box::new(cpu));
        let asked = move |run: &Run| requests(run, index, objects, |it| it.objects);
        row(format!("{phase}: requests an object"), 2, Box::new(asked));
        let refused = move |run: &Run| requests(run, index, objects, |it| it.refused);
        row(format!("{phase}: refused of them"), 2, Box::new(refused));
        let events = move |run: &Run| requests(run, index, objects, |it| it.events);
        row(format!("{phase}: Events an object"), 2, Box::new(events));
    }
    row("in all: wall, s".into(), 1, Box::new(wall));
    row("in all: CPU, s".into(), 2, Box::new(cpu));
    let cpu_each = move |run: &Run| Some(cpu(run)? * 1000.0 / f64::from(objects));
    row("in all: CPU an object, ms".into(), 3, Box::new(cpu_each));
    row("peak memory, MB".into(), 1, Box::new(|run| run.peak_memory));
    let memory = |run: &Run| Some(run.idle.as_ref()?.memory);
    row("memory after the idle time, MB".into(), 1, Box::new(memory));
    row("requests when idle".into(), 0, Box::new(idle_requests));
    let idle_cpu = |run: &Run| Some(run.idle.as_ref()?.cpu);
    row("CPU when idle, s".into(), 2, Box::new(idle_cpu));
    row("binary, MB".into(), 1, Box::new(|run| run.binary));
    rows
}

fn requests(run: &Run, phase: usize, objects: u32, of: fn(&Requests) -> u32) -> Option<f64> {
    let requests = run.phases[phase].requests.as_ref()?;
    Some(f64::from(of(requests)) / f64::from(objects))
}

fn wall(run: &Run) -> Option<f64> {
    Some(run.phases.iter().map(|phase| phase.wall).sum())
}

fn cpu(run: &Run) -> Option<f64> {
    run.phases.iter().map(|phase| phase.cpu).sum()
}

fn idle_requests(run: &Run) -> Option<f64> {
    Some(f64::from(run.idle.as_ref()?.requests))
}

/// What was aimed at, and what has been reached, for each number of objects.
pub fn print_targets(all: &[Runs]) {
    println!("\n### Targets\n");
    print!("| at most |");
    for runs in all {
        print!(" at {} |", runs.objects);
    }
    println!("\n|{}", " --- |".repeat(1 + all.len()));
    let peak = |run: &Run| run.peak_memory;
    let idle = |run: &Run| Some(run.idle.as_ref()?.memory);
    let row = |what: &str, limit: f64, reached: &dyn Fn(&Runs) -> Option<f64>| {
        print!("| {what} {limit:.2} |");
        for runs in all {
            match reached(runs) {
                Some(value) if value <= limit => print!(" {value:.2} |"),
                Some(value) => print!(" **{value:.2}** |"),
                None => print!(" |"),
            }
        }
        println!();
    };
    row("CPU, to the scaffold", 1.0 / 4.0, &|it| {
        it.ratio(SCAFFOLD, &cpu)
    });
    row("CPU, to the careful operator", 1.0 / 3.0, &|it| {
        it.ratio(CAREFUL, &cpu)
    });
    row("peak memory, to the scaffold", 1.0 / 3.0, &|it| {
        it.ratio(SCAFFOLD, &peak)
    });
    row("peak memory, to the careful operator", 1.0 / 2.0, &|it| {
        it.ratio(CAREFUL, &peak)
    });
    row("idle memory, to the scaffold", 1.0 / 3.0, &|it| {
        it.ratio(SCAFFOLD, &idle)
    });
    row("idle memory, to the careful operator", 1.0 / 2.0, &|it| {
        it.ratio(CAREFUL, &idle)
    });
    row("wall, to the floor", 1.25, &|it| it.ratio(FLOOR, &wall));
    for (phase, limit) in [(0, 3.0), (1, 2.0)] {
        let what = format!("requests an object, {}", PHASES[phase]);
        row(&what, limit, &|it| {
            it.figure(OPGEN, &|run| {
                requests(run, phase, it.objects, |it| it.objects)
            })
        });
    }
    row("requests when idle", 0.0, &|it| {
        it.figure(OPGEN, &idle_requests)
    });
    row("binary, MB", 10.0, &|it| {
        it.figure(OPGEN, &|run| run.binary)
    });
    let each = |it: &Runs| Some(it.figure(OPGEN, &cpu)? / f64::from(it.objects));
    let first = all.first().and_then(each);
    row("CPU an object, to that of the first column", 1.0, &|it| {
        Some(each(it)? / first?)
    });
    println!("\nWhat is missed is bold.");
}
