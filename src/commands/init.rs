//! `opgen init`: a project without a kind yet.

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    finish::{About, Finish, finish},
    modules,
};
use crate::{
    cli::{GlobalArgs, InitArgs},
    problem::{Problem, Problems, quoted},
    project::{self, License, Project, Runtime},
    resource::ProjectName,
    scaffold::Scaffold,
    shell::Shell,
    templates::{
        self,
        context::{IndexContext, InitContext, ProjectView},
    },
    workspace,
};

const LICENSE: &str = "LICENSE";

/// Runs `opgen init`.
///
/// # Errors
/// Bad answers, all at once; a project that is there with other answers; conflicts with files.
pub fn run(args: &InitArgs, global: &GlobalArgs, shell: &Shell) -> anyhow::Result<()> {
    let root = super::directory(global)?;
    check_place(&root).map_err(Problems::from)?;
    let known = existing(&root)?;
    let wanted = answers(args, &root, known.as_ref())?;
    let project = match known {
        Some(known) => same_answers(known, &wanted)?,
        None => wanted,
    };
    workspace::check(&root)?;
    let finish_with = Finish {
        root: &root,
        project: &project,
        subject: format!("project `{}` is already there", project.name),
        check: false,
        about: About::Manifests,
    };
    let mut scaffold = scaffold(&project)?;
    scaffold.extend(modules::deleted(&root, &project)?);
    if project.license == License::None && root.join(LICENSE).exists() {
        shell.status("keep", &format!("{LICENSE} (yours)"));
    }
    if finish(scaffold, &finish_with, &args.write, shell)? {
        let opgen = super::program("opgen", global);
        shell.say(&format!(
            "next: {opgen} create api --group apps --version v1 --kind MyApp"
        ));
    }
    Ok(())
}

/// Everything that a project has before its first kind.
///
/// # Errors
/// A template that does not fit, which is a bug in opgen.
pub fn scaffold(project: &Project) -> anyhow::Result<Scaffold> {
    let context = InitContext {
        project: ProjectView::new(project),
    };
    let mut scaffold = templates::render("init/base", &context)?;
    scaffold.extend(templates::render(
        if project.namespaced {
            "init/namespaced"
        } else {
            "init/cluster"
        },
        &context,
    )?);
    match project.license {
        License::Apache2 => scaffold.extend(templates::render("init/license/apache2", &context)?),
        License::Mit => scaffold.extend(templates::render("init/license/mit", &context)?),
        License::None => {}
    }
    if project.runtime == Runtime::Vendored {
        scaffold.extend(templates::runtime());
    }
    scaffold.extend(templates::render("index", &IndexContext::new(project))?);
    Ok(scaffold)
}

fn answers(args: &InitArgs, root: &Utf8Path, known: Option<&Project>) -> anyhow::Result<Project> {
    let mut problems = Problems::default();
    let domain = problems.check(args.domain.parse());
    let name = match &args.project_name {
        Some(name) => problems.check(name.parse()),
        None => Some(ProjectName::suggest(
            directory_name(root).as_deref().unwrap_or("operator"),
        )),
    };
    let runtime = problems.check(runtime(&args.runtime, root));
    if args.owner.chars().any(char::is_control) {
        problems.0.push(
            Problem::new("invalid owner: it has a line break or another control character")
                .help("pass one line of text"),
        );
    }
    problems.into_result()?;
    let (Some(domain), Some(name), Some(runtime)) = (domain, name, runtime) else {
        unreachable!("every problem was reported")
    };
    let license = args.license.or(known.map(|known| known.license));
    let mut project = Project {
        format: project::FORMAT,
        opgen_version: project::OPGEN_VERSION.to_owned(),
        name,
        domain,
        owner: args.owner.clone(),
        license: license.unwrap_or(License::Apache2),
        namespaced: args.namespaced,
        runtime,
        resources: Vec::new(),
    };
    if license.is_none() && has_other_license(root, &project)? {
        project.license = License::None;
    }
    Ok(project)
}

/// True when a licence is there that is not what opgen would write: it is kept, and may be any.
fn has_other_license(root: &Utf8Path, project: &Project) -> anyhow::Result<bool> {
    let context = InitContext {
        project: ProjectView::new(project),
    };
    let ours = templates::render("init/license/apache2", &context)?;
    let ours = ours.files.get(Utf8Path::new(LICENSE));
    let theirs = std::fs::read(root.join(LICENSE));
    Ok(theirs.is_ok_and(|text| ours.is_none_or(|ours| ours.text.as_bytes() != text)))
}

/// The last part of a path, without `.` and `..` in it.
fn directory_name(root: &Utf8Path) -> Option<String> {
    let root = root.canonicalize_utf8().unwrap_or_else(|_| root.to_owned());
    root.file_name().map(str::to_owned)
}

fn runtime(text: &str, root: &Utf8Path) -> Result<Runtime, Problem> {
    if text == "vendored" {
        return Ok(Runtime::Vendored);
    }
    let path = Utf8PathBuf::from(text.trim_end_matches('/'));
    let manifest = super::normal(&root.join(&path)).join("Cargo.toml");
    let is_runtime = std::fs::read_to_string(&manifest)
        .is_ok_and(|text| text.contains("name = \"opgen-runtime\""));
    if is_runtime && !text.contains(['"', '\\']) {
        return Ok(Runtime::Path(path));
    }
    Err(Problem::new(format!(
        "invalid runtime `{text}`: no package `opgen-runtime` at `{manifest}`"
    ))
    .help("pass `vendored`, or the path of a copy of it, seen from the project"))
}

/// The directory may be there or not; what else stands at its place, or above it, is in the way.
fn check_place(root: &Utf8Path) -> Result<(), Problem> {
    let mut above = root.ancestors();
    match above.find(|place| place.exists() || place.is_symlink()) {
        Some(place) if !place.is_dir() => Err(Problem::new(format!(
            "`{place}` is no directory, and the project needs one there"
        ))
        .help("move it away, or pass another directory with `-C`")),
        _ => Ok(()),
    }
}

fn existing(root: &Utf8Path) -> anyhow::Result<Option<Project>> {
    if !root.join(project::FILE).is_file() {
        return Ok(None);
    }
    project::find(root).map(|(_, project)| Some(project))
}

/// The known project, if it was made with these answers.
fn same_answers(known: Project, wanted: &Project) -> anyhow::Result<Project> {
    let license = |project: &Project| format!("{:?}", project.license).to_lowercase();
    let answers = |project: &Project| {
        [
            ("name", project.name.to_string()),
            ("domain", project.domain.to_string()),
            ("owner", project.owner.clone()),
            ("license", license(project)),
            ("namespaced", project.namespaced.to_string()),
            ("runtime", project.runtime.clone().into()),
        ]
    };
    let differences = answers(&known)
        .into_iter()
        .zip(answers(wanted))
        .filter(|(known, wanted)| known != wanted);
    let problem = |((what, known), (_, wanted)): ((&str, String), (&str, String))| {
        Problem::new(format!(
            "a project is already here with {what} {}, not {}",
            quoted(&known),
            quoted(&wanted)
        ))
        .help("pass the same answers, or start in another directory")
    };
    Problems(differences.map(problem).collect()).into_result()?;
    Ok(known)
}
