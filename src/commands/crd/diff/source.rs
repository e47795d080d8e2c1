//! Where CRDs are read from: a file or a directory, on the disk or in a git revision.

use std::{
    collections::BTreeMap,
    fmt,
    io::{ErrorKind, Write as _},
    process::{Command, Output, Stdio},
};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::{
    problem::{Problem, Problems},
    shell::Shell,
    yaml,
};

/// Files that may have CRDs in them.
#[derive(Debug)]
pub struct Source {
    /// What messages call it.
    name: String,
    files: Vec<File>,
}

/// One file: what messages call it, and its bytes.
#[derive(Debug)]
struct File {
    name: String,
    bytes: Vec<u8>,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`", self.name)
    }
}

impl Source {
    /// A file, or the YAML and JSON files of a directory; `directory` is where paths in messages begin.
    ///
    /// # Errors
    /// Nothing there, or a file that cannot be read.
    pub fn at(path: &Utf8Path, directory: &Utf8Path) -> Result<Self, Problems> {
        let name = |path: &Utf8Path| path.strip_prefix(directory).unwrap_or(path).to_string();
        let failed = |path: &Utf8Path, error: &std::io::Error| {
            let problem = match error.kind() {
                ErrorKind::NotFound => {
                    Problem::new(format!("no file or directory `{}`", name(path)))
                }
                _ => Problem::new(format!("failed to read `{}`: {error}", name(path))),
            };
            let problem = match path.is_symlink() {
                true => Problem::new(format!("`{}` is a link that leads nowhere", name(path)))
                    .help("put the file itself there, or remove the link"),
                false => problem,
            };
            Problems::from(problem)
        };
        let mut paths = vec![path.to_owned()];
        if path.is_dir() {
            let entries = path.read_dir_utf8().map_err(|error| failed(path, &error))?;
            paths = entries
                .filter_map(Result::ok)
                .map(|entry| entry.path().to_owned())
                // A link that leads nowhere is neither, and reading it says so.
                .filter(|path| is_manifest(path) && (path.is_file() || !path.exists()))
                .collect();
            paths.sort();
        }
        let read = |path: &Utf8PathBuf| {
            let bytes = std::fs::read(path).map_err(|error| failed(path, &error))?;
            let name = name(path);
            Ok(File { name, bytes })
        };
        let files = paths.iter().map(read).collect::<Result<_, Problems>>()?;
        let name = name(path);
        Ok(Self { name, files })
    }

    /// What is compared with: `path` at a revision of git, or another path if git knows no such revision.
    ///
    /// # Errors
    /// Neither a revision nor a path, and what git has against it.
    pub fn against(against: &str, path: &Utf8Path, directory: &Utf8Path) -> Result<Self, Problems> {
        let says_path = ["./", "../", "/"]
            .iter()
            .any(|start| against.starts_with(start))
            || matches!(against, "." | "..");
        let other = directory.join(against);
        if says_path {
            return Self::at(&other, directory);
        }
        let repository = if path.is_dir() {
            path
        } else {
            path.parent().unwrap_or(path)
        };
        match commit(against, repository) {
            Ok(commit) => {
                Self::at_commit(&commit, against, path, repository).map_err(Problems::from)
            }
            Err(_) if other.exists() => Self::at(&other, directory),
            Err(problem) => Err(problem.into()),
        }
    }

    /// The file or directory as it was at a commit; nothing if it was not there.
    fn at_commit(
        commit: &str,
        revision: &str,
        path: &Utf8Path,
        repository: &Utf8Path,
    ) -> Result<Self, Problem> {
        let file = path.file_name().filter(|_| path != repository);
        // From within a directory, git lists what is in that directory.
        let mut arguments = vec!["ls-tree", "-z", commit];
        arguments.extend(file.map(|file| ["--", file]).into_iter().flatten());
        let listing = git(repository, &arguments)?;
        let above = git(repository, &["rev-parse", "--show-prefix"])?;
        let above = String::from_utf8_lossy(&above);
        let above = above.trim_end_matches('\n');
        let mut files = Vec::new();
        for Entry { id, name, is_link } in listing.split(|byte| *byte == 0).filter_map(entry) {
            if file.is_none() && !is_manifest(name.as_ref()) {
                continue;
            }
            let shown = format!("{revision}:{above}{name}");
            let id = match is_link {
                true => end_of_link(repository, &format!("{commit}:./{name}"), &shown)?,
                false => id,
            };
            let bytes = git(repository, &["cat-file", "blob", &id])?;
            let name = shown;
            files.push(File { name, bytes });
        }
        let name = match (file, above.trim_end_matches('/')) {
            (Some(file), _) => format!("{revision}:{above}{file}"),
            (None, "") => format!("{revision}:."),
            (None, directory) => format!("{revision}:{directory}"),
        };
        Ok(Self { name, files })
    }

    /// The CRDs of all files. Documents of other kinds are skipped.
    ///
    /// # Errors
    /// Broken files, and CRDs of one name; all at once.
    pub fn crds(&self, shell: &Shell) -> Result<Vec<Value>, Problems> {
        let mut problems = Problems::default();
        let mut found: BTreeMap<String, (String, Value)> = BTreeMap::new();
        for File { name: file, bytes } in &self.files {
            for document in problems.check(documents(file, bytes)).into_iter().flatten() {
                match document["apiVersion"].as_str() {
                    _ if document["kind"] != "CustomResourceDefinition" => continue,
                    Some("apiextensions.k8s.io/v1") => {}
                    version => {
                        let version = version.unwrap_or("no version");
                        shell.warning(&format!(
                            "a CRD of `{version}` in `{file}` is skipped: opgen compares `apiextensions.k8s.io/v1`"
                        ));
                        continue;
                    }
                }
                let Some(name) = document["metadata"]["name"].as_str() else {
                    let problem = Problem::new(format!("a CRD in `{file}` has no `metadata.name`"));
                    problems.0.push(problem);
                    continue;
                };
                let name = name.to_owned();
                if let Some((other, _)) = found.get(&name) {
                    let message = format!("`{name}` is in `{other}` and in `{file}`");
                    problems
                        .0
                        .push(Problem::new(message).help("remove one of them"));
                    continue;
                }
                found.insert(name, (file.clone(), document));
            }
        }
        problems.into_result()?;
        Ok(found.into_values().map(|(_, crd)| crd).collect())
    }
}

fn is_manifest(path: &Utf8Path) -> bool {
    matches!(path.extension(), Some("yaml" | "yml" | "json"))
}

/// The documents of a file; a list of kubectl's is taken apart.
fn documents(file: &str, bytes: &[u8]) -> Result<Vec<Value>, Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Problem::new(format!("`{file}` is not a text in UTF-8")))?;
    let documents = yaml::documents(text)
        .map_err(|error| Problem::new(format!("`{file}` is not YAML: {}", yaml::reason(&error))))?;
    let parts = documents.into_iter().flat_map(|mut document| {
        let lists = ["List", "CustomResourceDefinitionList"];
        let is_list = lists.iter().any(|kind| document["kind"] == *kind);
        match document.get_mut("items") {
            Some(Value::Array(items)) if is_list => std::mem::take(items),
            _ => vec![document],
        }
    });
    Ok(parts.collect())
}

/// A file, or a link to one, in a directory of a commit.
struct Entry {
    id: String,
    name: String,
    is_link: bool,
}

/// Reads a line of `git ls-tree`: `100644 blob ID<tab>NAME`. Directories and modules are none.
fn entry(line: &[u8]) -> Option<Entry> {
    let (what, name) = std::str::from_utf8(line).ok()?.split_once('\t')?;
    let mut words = what.split(' ');
    let (mode, kind, id) = (words.next()?, words.next()?, words.next()?);
    (kind == "blob").then(|| Entry {
        id: id.to_owned(),
        name: name.to_owned(),
        is_link: mode == "120000",
    })
}

/// The id of the file that a link leads to within its commit, as the working tree would have it.
fn end_of_link(repository: &Utf8Path, object: &str, shown: &str) -> Result<String, Problem> {
    let check = "--batch-check=%(objecttype) %(objectname)";
    let arguments = ["cat-file", "--follow-symlinks", check];
    let output = with_input(repository, &arguments, object)?;
    let said = String::from_utf8_lossy(&output.stdout);
    match said.trim().split_once(' ') {
        Some(("blob", id)) => Ok(id.to_owned()),
        _ => Err(Problem::new(format!(
            "`{shown}` is a link that leads to no file of its commit"
        ))
        .help("put the file itself there, or compare with another place: `--against PATH`")),
    }
}

/// The commit that a revision means.
fn commit(revision: &str, directory: &Utf8Path) -> Result<String, Problem> {
    git(directory, &["rev-parse", "--show-toplevel"])?;
    let unknown = || {
        let problem = Problem::new(format!(
            "git knows no revision `{revision}`, and no file has that name"
        ));
        match revision {
            "HEAD" => Problem::new("the repository has no commit yet")
                .help("commit the CRDs, or name others: `--against PATH`"),
            _ => problem.help(
                "`git branch --all` and `git tag` list some; in a shallow clone, fetch it first",
            ),
        }
    };
    if revision.is_empty() || revision.starts_with('-') {
        return Err(unknown());
    }
    let commit = format!("{revision}^{{commit}}");
    let output = start(directory, &["rev-parse", "--verify", "--quiet", &commit])?;
    if !output.status.success() {
        return Err(unknown());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What a git command prints.
fn git(directory: &Utf8Path, arguments: &[&str]) -> Result<Vec<u8>, Problem> {
    let output = start(directory, arguments)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("not a git repository") {
        return Err(Problem::new("the CRDs are not in a git repository")
            .help("name a file or a directory to compare with: `--against PATH`"));
    }
    let command = arguments.first().copied().unwrap_or_default();
    Err(Problem::new(format!("`git {command}` failed")).detail(said))
}

fn start(directory: &Utf8Path, arguments: &[&str]) -> Result<Output, Problem> {
    command(directory, arguments).output().map_err(failed)
}

/// What a git command makes of a line.
fn with_input(directory: &Utf8Path, arguments: &[&str], line: &str) -> Result<Output, Problem> {
    let mut command = command(directory, arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut run = || {
        let mut child = command.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            writeln!(input, "{line}")?;
        }
        child.wait_with_output()
    };
    run().map_err(failed)
}

fn command(directory: &Utf8Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    // So that what git says can be told apart.
    command
        .arg("-C")
        .arg(directory)
        .args(arguments)
        .env("LC_ALL", "C");
    command
}

fn failed(error: std::io::Error) -> Problem {
    match error.kind() {
        ErrorKind::NotFound => Problem::new("the program `git` is not installed")
            .help("install git, or name a file or a directory to compare with: `--against PATH`"),
        _ => Problem::new(format!("failed to start `git`: {error}")),
    }
}
