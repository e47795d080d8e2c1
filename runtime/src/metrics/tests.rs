use std::collections::BTreeSet;

use super::*;

/// What a scrape shows when everything has happened once.
fn scrape() -> String {
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    metrics.announce("c", 4);
    metrics.reconciled("c", Outcome::Panic, Duration::from_millis(3));
    metrics.gave_up("c");
    metrics.leading("c-leader", true);
    metrics.malformed("secrets");
    metrics.requested(Some(200), "GET", "10.0.0.1:443");
    metrics.requested(None, "PATCH", "10.0.0.1:443");
    drop(metrics.worker("c"));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    text
}

#[test]
fn the_names_are_those_of_controller_runtime() {
    let text = scrape();
    for line in [
        r#"controller_runtime_reconcile_total{controller="c",result="success"} 0"#,
        r#"controller_runtime_reconcile_total{controller="c",result="error"} 1"#,
        r#"controller_runtime_reconcile_errors_total{controller="c"} 1"#,
        r#"controller_runtime_terminal_reconcile_errors_total{controller="c"} 1"#,
        r#"controller_runtime_reconcile_panics_total{controller="c"} 1"#,
        r#"controller_runtime_reconcile_time_seconds_bucket{le="0.005",controller="c"} 1"#,
        r#"controller_runtime_reconcile_time_seconds_count{controller="c"} 1"#,
        r#"controller_runtime_active_workers{controller="c"} 0"#,
        r#"controller_runtime_max_concurrent_reconciles{controller="c"} 4"#,
        r#"leader_election_master_status{name="c-leader"} 1"#,
        r#"rest_client_requests_total{code="200",method="GET",host="10.0.0.1:443"} 1"#,
        r#"rest_client_requests_total{code="<error>",method="PATCH",host="10.0.0.1:443"} 1"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_served_is_what_is_listed() {
    let text = scrape();
    let comments = |word: &str| -> BTreeSet<String> {
        let lines = text.lines().filter_map(|it| it.strip_prefix(word));
        lines.map(str::to_owned).collect()
    };
    let family = |metric: &Metric| metric.name.trim_end_matches("_total").to_owned();
    let types = METRICS.iter();
    let types = types.map(|it| format!("{} {}", family(it), it.kind.as_str()));
    assert_eq!(comments("# TYPE "), types.collect(), "{text}");
    let helps = METRICS.iter();
    let helps = helps.map(|it| format!("{} {}.", family(it), it.help));
    assert_eq!(comments("# HELP "), helps.collect(), "{text}");

    for metric in METRICS {
        let is_of = |line: &&str| line.starts_with(metric.name);
        let sample = text
            .lines()
            .find(is_of)
            .unwrap_or_else(|| panic!("{metric:?}"));
        let labels = sample.split_once('{').map_or("", |(_, labels)| labels);
        let pairs = labels.split("\",").filter_map(|it| it.split_once('='));
        let names: BTreeSet<_> = pairs.map(|(name, _)| name).collect();
        let listed: BTreeSet<_> = metric.labels.iter().copied().collect();
        let bounds = BTreeSet::from(["le"]);
        assert_eq!(&names - &bounds, listed, "{sample}");
    }
}

#[test]
fn the_list_is_sorted_and_the_readme_has_it() {
    assert!(METRICS.is_sorted_by_key(|metric| metric.name));
    let mut table = "| metric | kind | labels | says |\n| --- | --- | --- | --- |\n".to_owned();
    for Metric {
        name,
        kind,
        labels,
        help,
    } in METRICS
    {
        let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
        let (kind, labels) = (kind.as_str(), labels.join(", "));
        table += &format!("| `{name}` | {kind} | {labels} | {help} |\n");
    }
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "README.md should have\n{table}");
}

#[test]
#[cfg(target_os = "linux")]
fn the_process_is_that_of_the_test() {
    let text = scrape();
    let value = |name: &str| -> f64 {
        let line = text.lines().find_map(|it| it.strip_prefix(name));
        line.unwrap().trim().parse().unwrap()
    };
    assert!(value("process_resident_memory_bytes ") > 1_000_000.0);
    assert!(value("process_open_fds ") >= 3.0);
    assert!(value("process_cpu_seconds_total ") >= 0.0);
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let started = value("process_start_time_seconds ");
    assert!(started > 1.6e9 && started <= now.as_secs_f64());
}
