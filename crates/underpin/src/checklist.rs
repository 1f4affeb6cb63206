//! `checklist`: from flags to the engine.

use underpin_core::Result;
use underpin_core::config::BeforeDeploy;
use underpin_core::engine::checklist::{self, ChecklistRequest};
use underpin_core::error::ExitStatus;

use crate::args::{Global, Output, When};
use crate::environment::Project;
use crate::output::{self, Printer};

/// Runs the verb. Ends with 1 while an item is left.
pub(crate) async fn run(
    global: &Global,
    when: When,
    allow: &[String],
    printer: &Printer,
) -> Result<ExitStatus> {
    let project = Project::find(global)?;
    let options = project.options(global, false, true)?;
    let said = project.settings.as_ref().and_then(|s| s.backup.as_ref());
    let request = ChecklistRequest {
        backups: project.backups(global)?,
        before_deploy: match said {
            Some(said) => said.before_deploy.unwrap_or(BeforeDeploy::Destructive),
            None => BeforeDeploy::Never,
        },
        allow: options.gate.allow.iter().chain(allow).cloned().collect(),
    };
    let mut sink = printer.sink();
    let list = match when {
        When::Before => checklist::before(&options, &request, &mut *sink).await?,
        When::After => checklist::after(&options, &request, &mut *sink).await?,
    };
    match printer.form() {
        Output::Markdown => output::out(&output::checklist::markdown(&list)),
        _ => printer.result("underpin/checklist@1", &list, || output::checklist::human(&list)),
    }
    Ok(if list.left() == 0 { ExitStatus::Success } else { ExitStatus::Failed })
}
