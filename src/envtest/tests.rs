//! Downloads from a real server on this machine into stores of their own.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests write into directories of their own"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha512};
use tar::EntryType;
use tempfile::TempDir;

use super::*;

/// What the server answers: a status, a body, and how long it says the body is.
#[derive(Clone)]
struct Reply(&'static str, Vec<u8>, usize);

fn ok(body: impl Into<Vec<u8>>) -> Reply {
    let body = body.into();
    let length = body.len();
    Reply("200 OK", body, length)
}

struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serves until the tests end. The routes may need the server's own URL, so they are made from it.
    fn start(routes: impl FnOnce(&str) -> BTreeMap<String, Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Arc::new(routes(&url));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let (routes, log) = (Arc::clone(&routes), Arc::clone(&log));
                thread::spawn(move || answer(&connection.unwrap(), &routes, &log));
            }
        });
        Self { url, requests }
    }

    /// Serves an index of archives, given by file name, content and the content that their checksum is made of.
    fn with_archives(archives: &[(&str, Reply, &[u8])]) -> Self {
        Self::start(|url| {
            let mut index = "releases:\n".to_owned();
            let mut routes = BTreeMap::new();
            for (number, (name, reply, summed)) in archives.iter().enumerate() {
                let hash: String = Sha512::digest(summed)
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                index += &format!(
                    "  v{number}:\n    {name}:\n      hash: {hash}\n      selfLink: {url}/{name}\n"
                );
                routes.insert(format!("/{name}"), reply.clone());
            }
            routes.insert("/index.yaml".to_owned(), ok(index));
            routes
        })
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn answer(connection: &TcpStream, routes: &BTreeMap<String, Reply>, log: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(connection)
        .lines()
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty());
    let Some(first) = lines.next() else { return };
    lines.for_each(drop);
    let path = first.split(' ').nth(1).unwrap().to_owned();
    let missing = Reply("404 Not Found", Vec::new(), 0);
    let Reply(status, body, length) = routes.get(&path).unwrap_or(&missing);
    log.lock().unwrap().push(path);
    let mut connection = connection;
    let _ = write!(
        connection,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    let _ = connection.write_all(body);
}

#[derive(Default)]
struct Recorder {
    total: Option<u64>,
    bytes: u64,
    started: usize,
    finished: usize,
}

impl Progress for Recorder {
    fn start(&mut self, total: Option<u64>) {
        self.started += 1;
        self.total = total;
    }

    fn advance(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    fn finish(&mut self) {
        self.finished += 1;
    }
}

/// A gzipped tar of entries, whose names are written as they are, however bad.
fn archive(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, kind, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

/// An archive laid out like the official ones, with a file that nobody asked for.
fn good_archive(tag: &str) -> Vec<u8> {
    archive(&[
        ("controller-tools/envtest/", EntryType::Directory, ""),
        (
            "controller-tools/envtest/kube-apiserver",
            EntryType::Regular,
            tag,
        ),
        ("controller-tools/envtest/etcd", EntryType::Regular, "etcd"),
        (
            "controller-tools/envtest/kubectl",
            EntryType::Regular,
            "kubectl",
        ),
        (
            "controller-tools/envtest/README",
            EntryType::Regular,
            "read me",
        ),
    ])
}

fn linux() -> Platform {
    Platform::of("linux", "x86_64")
}

fn store() -> (TempDir, Utf8PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
    (directory, path)
}

fn request(store: &Utf8Path, server: &Server, version: &str) -> Request {
    Request {
        version: Some(version.to_owned()),
        bin_dir: Some(store.to_owned()),
        index: format!("{}/index.yaml", server.url),
        ..Request::default()
    }
}

fn found(request: &Request) -> Result<Utf8PathBuf> {
    find_for(linux(), request, &mut Recorder::default())
}

/// The problem that a request ends in, as `message => help`, without the parts that differ from run to run.
fn refusal(request: &Request, store: &Utf8Path) -> String {
    let error = found(request).expect_err("the request should be refused");
    let problem = error
        .downcast_ref::<Problem>()
        .unwrap_or_else(|| panic!("no problem: {error:?}"));
    let server = request.index.trim_end_matches("/index.yaml");
    let text = format!(
        "{} => {}",
        problem.message,
        problem.help.as_deref().unwrap_or("")
    );
    text.replace(server, "SERVER")
        .replace(store.as_str(), "STORE")
}

fn names(directory: &Utf8Path) -> Vec<String> {
    let entries = directory.read_dir_utf8().into_iter().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().to_owned())
        .collect();
    names.sort();
    names
}

#[cfg(unix)]
fn set_mode(path: &Utf8Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_path: &Utf8Path, _mode: u32) {}

fn install_by_hand(directory: &Utf8Path, executables: &[&str]) {
    fs::create_dir_all(directory).unwrap();
    for name in executables {
        fs::write(directory.join(name), "by hand").unwrap();
        set_mode(&directory.join(name), 0o555);
    }
}

const ALL: [&str; 3] = ["etcd", "kube-apiserver", "kubectl"];

#[test]
fn a_version_is_downloaded_once_and_then_found_without_the_network() {
    let (_directory, store) = store();
    let content = good_archive("new");
    let server = Server::with_archives(&[(
        "envtest-v1.37.0-linux-amd64.tar.gz",
        ok(content.clone()),
        &content,
    )]);
    let mut progress = Recorder::default();
    let first = find_for(linux(), &request(&store, &server, "1.37"), &mut progress).unwrap();

    assert_eq!(first, store.join("k8s/1.37.0-linux-amd64"));
    assert_eq!(names(&first), ALL);
    assert_eq!(
        fs::read_to_string(first.join("kube-apiserver")).unwrap(),
        "new"
    );
    assert_eq!(store::missing(&first, &linux()), [""; 0]);
    assert_eq!(names(&store.join("k8s")), ["1.37.0-linux-amd64"]);
    assert_eq!((progress.started, progress.finished), (1, 1));
    assert_eq!(
        (progress.total, progress.bytes),
        (Some(content.len() as u64), content.len() as u64)
    );

    let mut quiet = Recorder::default();
    assert_eq!(
        find_for(linux(), &request(&store, &server, "1.37.x"), &mut quiet).unwrap(),
        first
    );
    assert_eq!(quiet.started, 0);
    assert_eq!(
        server.requests(),
        ["/index.yaml", "/envtest-v1.37.0-linux-amd64.tar.gz"]
    );
}

#[test]
fn the_newest_version_that_matches_is_taken() {
    let content = good_archive("");
    let versions = [
        "1.36.0",
        "1.36.10",
        "1.36.9",
        "1.37.0",
        "1.38.0-beta.0",
        "1.4.1",
    ];
    let archives: Vec<_> = versions
        .iter()
        .map(|version| format!("envtest-v{version}-linux-amd64.tar.gz"))
        .collect();
    let served: Vec<_> = archives
        .iter()
        .map(|name| (name.as_str(), ok(content.clone()), content.as_slice()))
        .collect();
    let server = Server::with_archives(&served);
    let cases = [
        ("1.36.x", Ok("1.36.10")),
        ("1.36.*", Ok("1.36.10")),
        ("1.36", Ok("1.36.10")),
        ("v1.36", Ok("1.36.10")),
        ("1.36.9", Ok("1.36.9")),
        ("1.37", Ok("1.37.0")),
        ("1.4", Ok("1.4.1")),
        (
            "1.37.2",
            Err(
                "no Kubernetes `1.37.2` for `linux-amd64` in the index => the newest versions there are 1.37.0, 1.36.10, 1.36.9, 1.36.0, 1.4.1",
            ),
        ),
        (
            "1.38",
            Err(
                "no Kubernetes `1.38.x` for `linux-amd64` in the index => the newest versions there are 1.37.0, 1.36.10, 1.36.9, 1.36.0, 1.4.1",
            ),
        ),
    ];
    for (version, expected) in cases {
        let (_directory, store) = store();
        let request = request(&store, &server, version);
        match expected {
            Ok(name) => assert_eq!(
                found(&request).unwrap().file_name(),
                Some(format!("{name}-linux-amd64").as_str()),
                "{version}"
            ),
            Err(message) => assert_eq!(refusal(&request, &store), message, "{version}"),
        }
    }
}

#[test]
fn a_malformed_version_is_refused_before_anything_else() {
    let (_directory, store) = store();
    for version in [
        "",
        "1",
        "1.x",
        "latest",
        "1.37.0.1",
        "1.37.0-beta.0",
        "1.+7",
        "1.037",
        "1.37.",
        "99999999999.1",
    ] {
        let request = Request {
            version: Some(version.to_owned()),
            bin_dir: Some(store.clone()),
            ..Request::default()
        };
        let message = format!(
            "invalid Kubernetes version `{version}` => write `1.37` or `1.37.x` for the newest patch, or all of a version, such as `1.37.0`"
        );
        assert_eq!(refusal(&request, &store), message);
    }
}

#[test]
fn the_newest_installed_version_wins_over_the_network() {
    let (_directory, store) = store();
    for version in [
        "1.36.9-linux-amd64",
        "1.36.10-linux-amd64",
        "1.37.0-linux-amd64",
        "1.36.11-linux-arm64",
        "1.36.12",
        "junk",
    ] {
        install_by_hand(&store.join("k8s").join(version), &ALL);
    }
    install_by_hand(&store.join("k8s/1.36.13-linux-amd64"), &["etcd", "kubectl"]);
    let request = Request {
        version: Some("1.36".to_owned()),
        bin_dir: Some(store.clone()),
        index: "http://127.0.0.1:1/".to_owned(),
        ..Request::default()
    };
    assert_eq!(
        found(&request).unwrap(),
        store.join("k8s/1.36.10-linux-amd64")
    );
}

#[test]
fn installed_only_stays_off_the_network_and_says_what_there_is() {
    let (_directory, store) = store();
    let request = Request {
        bin_dir: Some(store.clone()),
        installed_only: true,
        ..Request::default()
    };
    assert_eq!(
        refusal(&request, &store),
        "no Kubernetes `1.37.x` in `STORE/k8s` => without `--installed-only` it is downloaded"
    );
    install_by_hand(&store.join("k8s/1.36.0-linux-amd64"), &ALL);
    assert_eq!(
        refusal(&request, &store),
        "no Kubernetes `1.37.x` in `STORE/k8s` => installed: 1.36.0; without `--installed-only` it is downloaded"
    );
}

#[test]
fn kubebuilder_assets_wins_and_must_be_complete() {
    let (_directory, store) = store();
    let request = |assets: &str| Request {
        assets_env: Some(assets.to_owned()),
        bin_dir: Some(store.clone()),
        installed_only: true,
        ..Request::default()
    };
    let assets = store.join("assets");
    install_by_hand(&assets, &ALL);
    assert_eq!(found(&request(assets.as_str())).unwrap(), assets);

    fs::remove_file(assets.join("etcd")).unwrap();
    set_mode(&assets.join("kubectl"), 0o644);
    let missing = if cfg!(unix) {
        "`etcd`, `kubectl`"
    } else {
        "`etcd`"
    };
    assert_eq!(
        refusal(&request(assets.as_str()), &store),
        format!(
            "no executable {missing} in `KUBEBUILDER_ASSETS`, which is `STORE/assets` => set it to a directory with all three, or unset it to have them downloaded"
        )
    );
    assert!(refusal(&request(""), &store).starts_with("no Kubernetes"));
}

#[test]
fn a_bad_archive_is_refused_and_nothing_is_left() {
    let file = EntryType::Regular;
    let good = good_archive("");
    let with =
        |name, kind| archive(&[("etcd", file, ""), ("kubectl", file, ""), (name, kind, "x")]);
    let cut = Reply("200 OK", good[..good.len() / 2].to_vec(), good.len());
    let twice = archive(&[("a/etcd", file, ""), ("b/etcd", file, "")]);
    let cases: Vec<(Reply, Vec<u8>, &str)> = vec![
        (
            ok("something else"),
            good.clone(),
            "wrong checksum of `SERVER/envtest-v1.37.0-linux-amd64.tar.gz`",
        ),
        (
            cut,
            good.clone(),
            "download of `SERVER/envtest-v1.37.0-linux-amd64.tar.gz` was interrupted",
        ),
        (
            Reply("404 Not Found", Vec::new(), 0),
            good.clone(),
            "`SERVER/envtest-v1.37.0-linux-amd64.tar.gz` answered with status 404 Not Found",
        ),
        (
            Reply("500 Internal Server Error", Vec::new(), 0),
            good.clone(),
            "`SERVER/envtest-v1.37.0-linux-amd64.tar.gz` answered with status 500 Internal Server Error",
        ),
        (
            ok("no gzip"),
            b"no gzip".to_vec(),
            "failed to unpack the archive",
        ),
        (
            ok(&good[..good.len() - 20]),
            good[..good.len() - 20].to_vec(),
            "failed to unpack the archive",
        ),
        (
            ok(with("../kube-apiserver", file)),
            with("../kube-apiserver", file),
            "the archive reaches outside of itself with `../kube-apiserver`",
        ),
        (
            ok(with("a/../../b", file)),
            with("a/../../b", file),
            "the archive reaches outside of itself with `a/../../b`",
        ),
        (
            ok(with("/etc/kube-apiserver", file)),
            with("/etc/kube-apiserver", file),
            "the archive reaches outside of itself with `/etc/kube-apiserver`",
        ),
        (
            ok(with("..\\kube-apiserver", file)),
            with("..\\kube-apiserver", file),
            "the archive reaches outside of itself with `../kube-apiserver`",
        ),
        (
            ok(with("kube-apiserver", EntryType::Symlink)),
            with("kube-apiserver", EntryType::Symlink),
            "no `kube-apiserver` in the archive",
        ),
        (
            ok(with("other", file)),
            with("other", file),
            "no `kube-apiserver` in the archive",
        ),
        (ok(twice.clone()), twice, "`etcd` is in the archive twice"),
    ];
    for (reply, summed, expected) in cases {
        let (_directory, store) = store();
        let server =
            Server::with_archives(&[("envtest-v1.37.0-linux-amd64.tar.gz", reply, &summed)]);
        let message = refusal(&request(&store, &server, "1.37"), &store);
        assert!(message.starts_with(expected), "{message}");
        assert_eq!(names(&store.join("k8s")), [""; 0], "{expected}");
        assert_eq!(names(&store), ["k8s"], "{expected}");
    }
}

#[test]
fn an_index_that_cannot_be_used_is_refused_before_the_store_is_touched() {
    let cases = [
        (
            Reply("404 Not Found", Vec::new(), 0),
            "`SERVER/index.yaml` answered with status 404 Not Found => check the URL of `--index`, or leave it out for the official index",
        ),
        (
            ok("<html>"),
            "failed to read the index `SERVER/index.yaml` => it must look like the official one",
        ),
        (
            ok("releases: {}"),
            "no Kubernetes for `linux-amd64` in the index => build kube-apiserver, etcd and kubectl, and set `KUBEBUILDER_ASSETS`",
        ),
        (
            Reply("200 OK", b"releases:".to_vec(), 100),
            "failed to download `SERVER/index.yaml` => set `KUBEBUILDER_ASSETS`",
        ),
    ];
    for (reply, expected) in cases {
        let (_directory, store) = store();
        let server = Server::start(|_| BTreeMap::from([("/index.yaml".to_owned(), reply)]));
        let message = refusal(&request(&store, &server, "1.37"), &store);
        assert!(message.starts_with(expected), "{message}");
        assert_eq!(names(&store), [""; 0]);
    }
}

#[test]
fn without_a_server_the_ways_out_are_named_and_the_cause_is_chained() {
    let (_directory, store) = store();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let request = Request {
        bin_dir: Some(store.clone()),
        index: format!("http://{free}/index.yaml"),
        ..Request::default()
    };
    let message = refusal(&request, &store);
    assert!(
        message.starts_with("failed to download `SERVER/index.yaml` => "),
        "{message}"
    );
    for way in ["KUBEBUILDER_ASSETS", "--installed-only", "--index"] {
        assert!(message.contains(way), "{message}");
    }
    assert!(format!("{:#}", found(&request).unwrap_err()).contains("refused"));
}

#[test]
fn concurrent_downloads_end_in_one_complete_version() {
    let (_directory, store) = store();
    let content = good_archive(&"x".repeat(1_000_000));
    let server = Server::with_archives(&[(
        "envtest-v1.37.0-linux-amd64.tar.gz",
        ok(content.clone()),
        &content,
    )]);
    let request = request(&store, &server, "1.37");
    thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| found(&request).unwrap()))
            .collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), store.join("k8s/1.37.0-linux-amd64"));
        }
    });
    assert_eq!(names(&store.join("k8s")), ["1.37.0-linux-amd64"]);
    assert_eq!(
        store::missing(&store.join("k8s/1.37.0-linux-amd64"), &linux()),
        [""; 0]
    );
}

#[test]
#[cfg(unix)]
fn what_an_interrupted_setup_envtest_left_is_replaced() {
    let (_directory, store) = store();
    let content = good_archive("new");
    let server = Server::with_archives(&[(
        "envtest-v1.37.0-linux-amd64.tar.gz",
        ok(content.clone()),
        &content,
    )]);
    let left = store.join("k8s/1.37.0-linux-amd64");
    install_by_hand(&left, &["kube-apiserver"]);
    set_mode(&left, 0o555);
    let old = store.join("k8s/.opgen-old");
    install_by_hand(&old, &["etcd"]);
    fs::File::open(&old)
        .unwrap()
        .set_modified(SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60))
        .unwrap();
    install_by_hand(&store.join("k8s/.opgen-new"), &["etcd"]);

    assert_eq!(found(&request(&store, &server, "1.37")).unwrap(), left);
    assert_eq!(names(&left), ALL);
    assert_eq!(
        names(&store.join("k8s")),
        [".opgen-new", "1.37.0-linux-amd64"]
    );
}

#[test]
fn a_store_that_cannot_be_used_is_named() {
    let (_directory, store) = store();
    fs::write(store.join("k8s"), "a file").unwrap();
    let request = Request {
        bin_dir: Some(store.clone()),
        ..Request::default()
    };
    assert_eq!(
        refusal(&request, &store),
        "failed to read the store `STORE/k8s` => check its permissions, or name another one with `--bin-dir`"
    );
}

#[test]
fn platforms_are_spelt_as_go_spells_them() {
    let cases = [
        ("macos", "aarch64", "darwin-arm64"),
        ("linux", "x86_64", "linux-amd64"),
        ("linux", "s390x", "linux-s390x"),
        ("freebsd", "riscv64", "freebsd-riscv64"),
    ];
    for (os, arch, expected) in cases {
        assert_eq!(Platform::of(os, arch).to_string(), expected);
    }
    assert_eq!(
        Platform::of("windows", "x86_64").executables(),
        ["etcd.exe", "kube-apiserver.exe", "kubectl.exe"]
    );
}

#[test]
fn a_platform_without_releases_is_told_to_build_its_own() {
    let (_directory, store) = store();
    let content = good_archive("");
    let server = Server::with_archives(&[(
        "envtest-v1.37.0-linux-amd64.tar.gz",
        ok(content.clone()),
        &content,
    )]);
    let platform = Platform::of("freebsd", "x86_64");
    let error = find_for(
        platform,
        &request(&store, &server, "1.37"),
        &mut Recorder::default(),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no Kubernetes for `freebsd-amd64` in the index"
    );
}

#[test]
fn the_store_is_where_setup_envtest_has_it() {
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Result<&'a str, &'a str>);
    let cases: &[Case<'_>] = &[
        (
            "linux",
            &[("HOME", "/h")],
            Ok("/h/.local/share/kubebuilder-envtest"),
        ),
        (
            "linux",
            &[("HOME", "/h"), ("XDG_DATA_HOME", "/x")],
            Ok("/x/kubebuilder-envtest"),
        ),
        (
            "linux",
            &[("HOME", "/h"), ("XDG_DATA_HOME", "")],
            Ok("/h/.local/share/kubebuilder-envtest"),
        ),
        (
            "linux",
            &[],
            Err("neither `XDG_DATA_HOME` nor `HOME` is set"),
        ),
        (
            "macos",
            &[("HOME", "/h"), ("XDG_DATA_HOME", "/x")],
            Ok("/h/Library/Application Support/io.kubebuilder.envtest"),
        ),
        ("macos", &[], Err("`HOME` is not set")),
        (
            "windows",
            &[("LocalAppData", "c:"), ("HOME", "/h")],
            Ok("c:/kubebuilder-envtest"),
        ),
        (
            "windows",
            &[("HOME", "/h")],
            Err("`LocalAppData` is not set"),
        ),
    ];
    for (os, variables, expected) in cases {
        let lookup = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let root = store::default_root(os, lookup);
        let shown = root
            .as_ref()
            .map(|path| path.as_str().replace('\\', "/"))
            .map_err(|problem| problem.message.clone());
        assert_eq!(
            shown.as_deref().map_err(String::as_str),
            *expected,
            "{os} {variables:?}"
        );
    }
}
