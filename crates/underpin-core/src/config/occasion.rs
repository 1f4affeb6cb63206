//! On what occasion a run takes place, told from its environment: a preview build, a development machine, or
//! what migrates production on purpose.

use std::collections::BTreeMap;

/// On what occasion a run takes place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Occasion {
    /// A container, a server, a pipeline of the main branch.
    #[default]
    Deployment,
    /// The build of a pull request or of a branch; by what it was recognised.
    Preview(String),
    /// A person's machine; by what it was recognised.
    Development(String),
}

/// What the environment cannot say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine {
    /// Somebody can be asked: input and output are a terminal.
    pub terminal: bool,
    /// The process runs in a container.
    pub container: bool,
}

/// Variables that a preview has, with their values; an empty list: any value but `false`.
/// From the providers' own lists of build variables: Vercel, Netlify, GitHub, GitLab, Render,
/// CircleCI, Azure Pipelines, Bitbucket, Buildkite, Travis, Jenkins.
const PREVIEWS: &[(&str, &[&str])] = &[
    ("VERCEL_ENV", &["preview"]),
    ("CONTEXT", &["deploy-preview", "branch-deploy"]),
    ("GITHUB_EVENT_NAME", &["pull_request", "pull_request_target"]),
    ("CI_PIPELINE_SOURCE", &["merge_request_event"]),
    ("CI_MERGE_REQUEST_IID", &[]),
    ("IS_PULL_REQUEST", &["true"]),
    ("CIRCLE_PULL_REQUEST", &[]),
    ("BUILD_REASON", &["PullRequest"]),
    ("BITBUCKET_PR_ID", &[]),
    ("BUILDKITE_PULL_REQUEST", &[]),
    ("TRAVIS_PULL_REQUEST", &[]),
    ("CHANGE_ID", &[]),
];

/// Variables of a development machine, with their values.
const DEVELOPMENT: &[(&str, &str)] = &[("NODE_ENV", "development"), ("VERCEL_ENV", "development")];

impl Occasion {
    /// Tells them from the environment.
    #[must_use]
    pub fn of(environment: &BTreeMap<String, String>, machine: Machine) -> Self {
        let value = |name: &str| environment.get(name).map(String::as_str).unwrap_or_default();
        let preview = PREVIEWS.iter().find(|(name, values)| match values {
            // Words of one provider alone are words of many programs.
            _ if *name == "CONTEXT" && value("NETLIFY").is_empty() => false,
            _ if *name == "CHANGE_ID" && value("JENKINS_URL").is_empty() => false,
            [] => !value(name).is_empty() && value(name) != "false",
            values => values.contains(&value(name)),
        });
        if let Some((name, _)) = preview {
            return Self::Preview(format!("{name}={}", value(name)));
        }
        if let Some((name, word)) = DEVELOPMENT.iter().find(|(name, word)| value(name) == *word) {
            return Self::Development(format!("{name}={word}"));
        }
        let unattended = machine.container
            || !machine.terminal
            || !value("CI").is_empty()
            || !value("KUBERNETES_SERVICE_HOST").is_empty();
        if unattended {
            Self::Deployment
        } else {
            Self::Development("a terminal, and neither a container nor CI".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)], terminal: bool, container: bool) -> Occasion {
        let environment =
            variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Occasion::of(&environment, Machine { terminal, container })
    }

    #[test]
    fn previews_are_known_by_their_providers_words() {
        for (name, value) in [
            ("VERCEL_ENV", "preview"),
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("CI_MERGE_REQUEST_IID", "7"),
            ("BUILD_REASON", "PullRequest"),
            ("BUILDKITE_PULL_REQUEST", "12"),
        ] {
            let told = of(&[("CI", "1"), (name, value)], false, true);
            assert_eq!(told, Occasion::Preview(format!("{name}={value}")));
        }
        assert!(matches!(
            of(&[("NETLIFY", "true"), ("CONTEXT", "deploy-preview")], false, false),
            Occasion::Preview(_)
        ));
        // Not Netlify's.
        assert_eq!(of(&[("CONTEXT", "deploy-preview")], false, false), Occasion::Deployment);
        assert_eq!(of(&[("BUILDKITE_PULL_REQUEST", "false")], false, false), Occasion::Deployment);
    }

    #[test]
    fn a_person_at_a_terminal_is_development_and_a_container_is_not() {
        assert!(matches!(of(&[], true, false), Occasion::Development(_)));
        assert_eq!(of(&[], false, false), Occasion::Deployment);
        assert_eq!(of(&[], true, true), Occasion::Deployment);
        assert_eq!(of(&[("CI", "true")], true, false), Occasion::Deployment);
        assert_eq!(
            of(&[("VERCEL_ENV", "production"), ("CI", "1")], false, false),
            Occasion::Deployment
        );
        assert!(matches!(
            of(&[("NODE_ENV", "development")], false, true),
            Occasion::Development(_)
        ));
    }
}
