//! Which lines of a project's files change. Pure: texts in, edits out.
//!
//! Invariant: a line is changed only where the command in it is understood as a whole; every other
//! line that speaks of Prisma's migrations is named and left alone.

/// One line of a file that changes, or with `before` empty, lines that are put above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    /// 0-based.
    pub(super) line: usize,
    pub(super) before: Option<String>,
    pub(super) after: String,
}

/// What to do with a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Edits {
    pub(super) edits: Vec<Edit>,
    /// Lines (0-based) that speak of Prisma's migrations and are not understood.
    pub(super) left: Vec<usize>,
}

/// What may stand before Prisma's name: how packages are run.
const RUNNERS: &[&str] = &["npx", "bunx", "pnpm", "pnpm exec", "pnpx", "yarn", "npm exec --", ""];
/// Prisma's verbs that Underpin takes.
const VERBS: &[&str] = &["deploy", "status", "resolve"];
/// What a shell would not take as a word of a command.
const SHELL: &[char] =
    &['&', '|', ';', '<', '>', '$', '`', '(', ')', '{', '}', '*', '?', '~', '#', '\\'];

/// The edits of a file. `starts`: its commands start an application (an image, a compose file), so
/// that `migrate deploy && COMMAND` may become `deploy -- COMMAND`.
pub(super) fn commands(text: &str, starts: bool) -> Edits {
    let mut found = Edits::default();
    for (line, before) in text.lines().enumerate() {
        if before.trim_start().starts_with('#') || !speaks_of_migrations(before) {
            continue;
        }
        match changed(before, starts) {
            Some(after) => found.edits.push(Edit { line, before: Some(before.to_owned()), after }),
            None => found.left.push(line),
        }
    }
    found
}

fn speaks_of_migrations(line: &str) -> bool {
    let words: Vec<&str> = words(line).collect();
    words.windows(3).any(|w| w[0].ends_with("prisma") && w[1] == "migrate" && VERBS.contains(&w[2]))
}

/// Words of a shell, of JSON and of YAML alike.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| c.is_whitespace() || "\"',[]".contains(c)).filter(|word| !word.is_empty())
}

/// The line with Underpin in Prisma's place.
fn changed(line: &str, starts: bool) -> Option<String> {
    // ["npx", "prisma", "migrate", "deploy"]
    for quote in ['"', '\''] {
        let list = format!("{quote}prisma{quote}");
        if line.matches(&list).count() == 1 && line.contains(&format!("{quote}migrate{quote}")) {
            return Some(line.replacen(&list, &format!("{quote}underpin{quote}"), 1));
        }
    }
    for verb in VERBS {
        let command = format!("prisma migrate {verb}");
        let Some(at) = line.find(&command) else { continue };
        let (before, rest) = (&line[..at], &line[at + command.len()..]);
        let is_whole =
            rest.chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '-' && c != '_');
        if !is_whole
            || rest.contains(&command)
            || !RUNNERS.iter().any(|r| ends_with_runner(before, r))
        {
            return None;
        }
        if starts
            && *verb == "deploy"
            && let Some(start) = rest.strip_prefix(" && ")
        {
            let end = start.find(['"', '\'']).unwrap_or(start.len());
            let (application, tail) = (start[..end].trim_end(), &start[end..]);
            let application = application.strip_prefix("exec ").unwrap_or(application);
            if !application.is_empty() && !application.contains(SHELL) && !tail.contains("&&") {
                return Some(format!("{before}underpin deploy -- {application}{tail}"));
            }
        }
        return Some(format!("{before}underpin migrate {verb}{rest}"));
    }
    None
}

/// Whether the text before a command ends with what runs packages, at the start of a command.
fn ends_with_runner(before: &str, runner: &str) -> bool {
    let Some(outside) = before.trim_end().strip_suffix(runner) else { return false };
    if !runner.is_empty() && !before.ends_with(' ') {
        return false;
    }
    let outside = outside.trim_end();
    let begins = |end: &str| outside.ends_with(end);
    outside.is_empty()
        || ["\"", "'", "&&", "||", ";", "CMD", "RUN", "ENTRYPOINT", ":", "-", "|", "exec"]
            .iter()
            .any(|e| begins(e))
}

/// The line that makes Underpin a dependency; nothing where it is one, or where the file is not laid
/// out line by line.
pub(super) fn dependency(text: &str, version: &str) -> Option<Edit> {
    if text.contains("\"underpin\":") {
        return None;
    }
    let lines: Vec<&str> = text.lines().collect();
    let line = lines.iter().position(|line| line.trim() == "\"dependencies\": {")? + 1;
    let next = lines.get(line)?;
    let is_entry = next.trim_start().starts_with('"');
    let indent = &next[..next.len() - next.trim_start().len()];
    is_entry.then(|| Edit {
        line,
        before: None,
        after: format!("{indent}\"underpin\": \"{version}\","),
    })
}

/// The text after its edits.
pub(super) fn apply(text: &str, edits: &[Edit]) -> String {
    let mut result = String::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let end = &line[line.trim_end_matches(['\n', '\r']).len()..];
        for edit in edits.iter().filter(|e| e.line == number && e.before.is_none()) {
            result += &format!("{}{end}", edit.after);
        }
        match edits.iter().find(|e| e.line == number && e.before.is_some()) {
            Some(edit) => result += &format!("{}{end}", edit.after),
            None => result += line,
        }
    }
    result
}

/// As a unified diff with three lines around each change; an empty `old` is a new file.
pub(super) fn diff(path: &str, old: &str, edits: &[Edit]) -> String {
    const AROUND: usize = 3;
    let lines: Vec<&str> = old.lines().collect();
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| (edit.line, edit.before.is_some()));
    let mut text = format!("--- a/{path}\n+++ b/{path}\n");
    let (mut at, mut grown) = (0, 0);
    while at < edits.len() {
        let first = edits[at].line.saturating_sub(AROUND);
        let mut last = at;
        while last + 1 < edits.len() && edits[last + 1].line <= edits[last].line + 2 * AROUND {
            last += 1;
        }
        let end = (edits[last].line + AROUND + 1).min(lines.len());
        let added = edits[at..=last].iter().filter(|e| e.before.is_none()).count();
        let size = end - first;
        text += &format!("@@ -{},{size} +{},{} @@\n", first + 1, first + 1 + grown, size + added);
        for (number, line) in lines.iter().enumerate().take(end).skip(first) {
            let here = || edits[at..=last].iter().filter(move |e| e.line == number);
            for edit in here().filter(|e| e.before.is_none()) {
                text += &format!("+{}\n", edit.after);
            }
            match here().find(|e| e.before.is_some()) {
                Some(edit) => text += &format!("-{line}\n+{}\n", edit.after),
                None => text += &format!(" {line}\n"),
            }
        }
        (at, grown) = (last + 1, grown + added);
    }
    text
}

/// A new file as a unified diff.
pub(super) fn new_file(path: &str, text: &str) -> String {
    let lines: String = text.lines().map(|line| format!("+{line}\n")).collect();
    format!("--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{} @@\n{lines}", text.lines().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, starts: bool) -> Option<String> {
        let found = commands(text, starts);
        found.edits.into_iter().next().map(|edit| edit.after)
    }

    #[test]
    fn commands_that_are_understood_change_by_a_word() {
        for (before, after) in [
            ("RUN npx prisma migrate deploy", "RUN npx underpin migrate deploy"),
            (
                r#"    "start": "prisma migrate deploy && node a.js","#,
                r#"    "start": "underpin migrate deploy && node a.js","#,
            ),
            (
                "      - run: pnpm exec prisma migrate status --schema db",
                "      - run: pnpm exec underpin migrate status --schema db",
            ),
            (
                r#"CMD ["npx", "prisma", "migrate", "deploy"]"#,
                r#"CMD ["npx", "underpin", "migrate", "deploy"]"#,
            ),
            (
                "yarn build && yarn prisma migrate deploy",
                "yarn build && yarn underpin migrate deploy",
            ),
        ] {
            assert_eq!(line(before, false).as_deref(), Some(after));
        }
    }

    #[test]
    fn a_start_becomes_the_application() {
        for (before, after) in [
            (
                r#"CMD ["sh", "-c", "npx prisma migrate deploy && node dist/a.js"]"#,
                r#"CMD ["sh", "-c", "npx underpin deploy -- node dist/a.js"]"#,
            ),
            (
                "    command: sh -c 'npx prisma migrate deploy && exec node a.js'",
                "    command: sh -c 'npx underpin deploy -- node a.js'",
            ),
            // Not one command: the shell stays in charge.
            (
                "CMD npx prisma migrate deploy && node a.js | tee log",
                "CMD npx underpin migrate deploy && node a.js | tee log",
            ),
        ] {
            assert_eq!(line(before, true).as_deref(), Some(after));
        }
    }

    #[test]
    fn what_is_not_understood_is_left_alone_and_named() {
        for text in [
            "$RUNNER prisma migrate deploy",
            "node ./node_modules/.bin/prisma migrate deploy",
            "echo please run prisma migrate deploy",
        ] {
            let found = commands(text, true);
            assert_eq!((found.edits.len(), found.left.as_slice()), (0, &[0][..]), "{text}");
        }
        for text in ["# npx prisma migrate deploy", "npx prisma migrate dev", "npx prisma generate"]
        {
            assert_eq!(commands(text, true), Edits::default(), "{text}");
        }
    }

    #[test]
    fn line_ends_and_the_rest_of_a_file_stay() {
        let text = "a\r\nnpx prisma migrate deploy\r\nb";
        assert_eq!(
            apply(text, &commands(text, false).edits),
            "a\r\nnpx underpin migrate deploy\r\nb"
        );
        let package = "{\n  \"dependencies\": {\n    \"a\": \"1\"\n  }\n}\n";
        let edit = dependency(package, "^0.1.0").unwrap();
        assert_eq!(
            apply(package, &[edit]),
            "{\n  \"dependencies\": {\n    \"underpin\": \"^0.1.0\",\n    \"a\": \"1\"\n  }\n}\n"
        );
        assert_eq!(dependency("{\"dependencies\": {\"a\": \"1\"}}", "^0.1.0"), None);
    }
}
