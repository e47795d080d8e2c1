//! `opgen create api`: a kind, a further version of a kind, or a controller.

use camino::Utf8Path;

use super::{
    finish::{About, Finish, finish},
    modules, samples,
};
use crate::{
    cli::{ApiArgs, GlobalArgs},
    crd,
    project::{self, Project, Resource, Types},
    scaffold::Scaffold,
    shell::Shell,
    templates::{
        self,
        context::{ApiContext, IndexContext},
    },
};

mod asked;
mod fits;

/// Runs `opgen create api`.
///
/// # Errors
/// Bad answers, all at once; a resource that is there with other answers; conflicts with files.
pub fn run(args: &ApiArgs, global: &GlobalArgs, shell: &Shell) -> anyhow::Result<()> {
    let (root, mut project) = project::find(&super::directory(global)?)?;
    let resource = asked::resource(args, &project)?;
    project.put(resource.clone());
    let title = resource.title(&project.domain);
    let finish_with = Finish {
        root: &root,
        project: &project,
        subject: format!("`{title}` is already there"),
        check: false,
        about: About::Manifests,
    };
    let mut scaffold = scaffold(&root, &project, &resource)?;
    scaffold.extend(modules::deleted(&root, &project)?);
    let written = finish(scaffold, &finish_with, &args.write, shell)?;
    if written && !resource.stored {
        shell.note(
            "objects stay stored in the first version: give both the same fields, or what only one has is lost",
        );
    }
    if written && resource.controller {
        let names = &resource.rust;
        let controller = format!("src/controller/{}/{}.rs", names.group, names.module);
        let controller = global.directory.join(controller);
        let (opgen, make) = (
            super::program("opgen", global),
            super::program("make", global),
        );
        shell.say(&format!(
            "next: edit `{}`, then `{opgen} manifests` and `{make} test`",
            controller.strip_prefix(".").unwrap_or(&controller)
        ));
    }
    Ok(())
}

/// Everything that a resource adds to a project which has it in its list already.
///
/// # Errors
/// A CRD on the disk that is not YAML.
pub fn scaffold(
    root: &Utf8Path,
    project: &Project,
    resource: &Resource,
) -> anyhow::Result<Scaffold> {
    let context = ApiContext::new(project, resource);
    let shape = resource.reconciler.as_str();
    let mut scaffold = Scaffold::default();
    if resource.types == Types::Own {
        scaffold.extend(templates::render("api/resource", &context)?);
        scaffold.extend(templates::render(&format!("api/types/{shape}"), &context)?);
        let crd = templates::render(&format!("api/crd/{shape}"), &context)?;
        let crd = crd::scaffold(root, project, resource, crd)?;
        for file in crd.files.values() {
            let crd = crate::yaml::document(&file.text)?;
            scaffold.extend(samples::new(project, resource, &crd)?);
        }
        scaffold.extend(crd);
    }
    if resource.controller {
        let shape = if resource.types == Types::BuiltIn {
            "built_in"
        } else {
            shape
        };
        scaffold.extend(templates::render("api/controller/base", &context)?);
        scaffold.extend(templates::render(
            &format!("api/controller/{shape}"),
            &context,
        )?);
    }
    scaffold.extend(templates::render("index", &IndexContext::new(project))?);
    Ok(scaffold)
}
