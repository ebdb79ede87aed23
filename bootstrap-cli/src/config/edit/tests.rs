use super::*;

const ONE: &str = "111122223333";
const TWO: &str = "222233334444";

fn add(key: &'static str, value: &str) -> Setting {
    Setting::Add {
        key,
        value: value.to_owned(),
    }
}

fn remove(key: &'static str, value: &str) -> Setting {
    Setting::Remove {
        key,
        value: value.to_owned(),
    }
}

fn edit(text: &str, settings: &[Setting]) -> String {
    edited(Path::new("pipetrail.toml"), text, settings).unwrap()
}

#[test]
fn a_new_list_comes_at_the_end_of_its_table_and_all_else_stays() {
    let text =
        "# ours\n[organization] # who\nprofile = \"m\"   # admin\nregions = [\"eu-central-1\"]\n\n[audit]\nx = 1\n";
    assert_eq!(
        edit(text, &[add("accounts", ONE), add("accounts", TWO)]),
        text.replace(
            "\n\n[audit]",
            &format!("\naccounts = [\"{ONE}\", \"{TWO}\"]\n\n[audit]")
        )
    );
}

#[test]
fn a_list_of_one_entry_a_line_stays_one_and_comments_stay_where_they_are() {
    let text = format!("[organization]\naccounts = [\n    \"{ONE}\", # team one\n]\n");
    let both = format!("[organization]\naccounts = [\n    \"{ONE}\", # team one\n    \"{TWO}\",\n]\n");
    assert_eq!(edit(&text, &[add("accounts", TWO)]), both);
    assert_eq!(edit(&both, &[remove("accounts", TWO)]), text);
}

#[test]
fn a_list_without_a_comma_at_its_end_gets_an_entry() {
    let text = format!("[organization]\naccounts = [\n  \"{ONE}\"\n]\n");
    let after = edit(&text, &[add("accounts", TWO)]);
    let list: toml::Table = toml::from_str(&after).unwrap();
    assert_eq!(list["organization"]["accounts"].as_array().unwrap().len(), 2, "{after}");
}

#[test]
fn the_first_and_the_only_entry_are_removed_without_a_trace() {
    let text = format!("[organization]\naccounts = [\"{ONE}\", \"{TWO}\"]\n");
    let after = edit(&text, &[remove("accounts", ONE)]);
    assert_eq!(after, format!("[organization]\naccounts = [\"{TWO}\"]\n"));
    assert_eq!(
        edit(&after, &[remove("accounts", TWO)]),
        "[organization]\naccounts = []\n"
    );
}

#[test]
fn a_switch_is_set_in_its_place() {
    let text = "[organization]\nmanagement_account = true # for now\nregions = []\n";
    let off = Setting::Set {
        key: "management_account",
        value: false,
    };
    assert_eq!(edit(text, std::slice::from_ref(&off)), text.replace("true", "false"));
    assert_eq!(
        edit("organization = { regions = [] }\n", &[off]),
        "organization = { regions = [] , management_account = false }\n"
    );
}

#[test]
fn a_file_that_somebody_changed_meanwhile_is_left_alone() {
    let folder = std::env::temp_dir().join(format!("pipetrail-settings-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("pipetrail.toml");
    fs::write(&path, "a = 1\n").unwrap();
    assert!(matches!(
        replace(&path, "a = 2\n", "a = 3\n"),
        Err(SettingsError::Changed(_))
    ));
    replace(&path, "a = 1\n", "a = 3\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "a = 3\n");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no temporary file is left");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn every_form_of_a_list_gives_the_list_that_was_meant() {
    let inline = format!("organization = {{ accounts = [\"{ONE}\"], regions = [] }}\n");
    let dotted = format!("organization.accounts = [\"{ONE}\"]\norganization.regions = []\n");
    let crlf = format!("[organization]\r\naccounts = [\r\n  \"{ONE}\", # one\r\n]\r\nregions = []\r\n");
    let literal = format!("[organization]\naccounts = ['{ONE}',\n  # the last one\n]\n");
    let hugging = format!("[organization]\naccounts = [\"{ONE}\"\n]# end\n");
    let leading = format!("[organization]\naccounts = [ # ours\n  \"{ONE}\"\n  , ] # end\n");
    let quoted = format!("[\"organization\"]\n\"accounts\" = [\"{ONE}\"]\n");
    let missing = "[organization]\nregions = []".to_owned();
    let bom = format!("\u{feff}[organization]\naccounts = [\"{ONE}\"]\n");
    for text in [inline, dotted, crlf, literal, hugging, leading, quoted, missing, bom] {
        let both = edit(&text, &[add("accounts", ONE), add("accounts", TWO)]);
        for line in text.lines().filter(|line| line.contains('#')) {
            let comment = &line[line.find('#').unwrap()..];
            assert!(both.contains(comment), "{both}");
        }
        let list = |text: &str| {
            let table: toml::Table = toml::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
            let list = table["organization"]["accounts"].as_array().unwrap().clone();
            list.iter()
                .map(|id| id.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(list(&both).last().map(String::as_str), Some(TWO), "{both}");
        let one = edit(&both, &[remove("accounts", ONE), remove("accounts", ONE)]);
        assert_eq!(list(&one), [TWO], "{one}");
        let none = edit(&one, &[remove("accounts", TWO)]);
        assert_eq!(list(&none), [""; 0], "{none}");
        for kept in ["\r\n", "\u{feff}"] {
            assert_eq!(text.contains(kept), none.contains(kept), "{none:?}");
        }
        assert!(
            !text.contains('\r') || none.lines().count() == none.matches("\r\n").count(),
            "{none:?}"
        );
    }
}

#[test]
fn a_link_stays_one_and_a_protected_file_is_left_alone() {
    let folder = std::env::temp_dir().join(format!("pipetrail-settings-link-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (file, link) = (folder.join("shared.toml"), folder.join("pipetrail.toml"));
    fs::write(&file, "a = 1\n").unwrap();
    std::os::unix::fs::symlink("shared.toml", &link).unwrap();
    replace(&link, "a = 1\n", "a = 2\n").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&file).unwrap(), "a = 2\n");
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&file, permissions).unwrap();
    let refused = replace(&link, "a = 2\n", "a = 3\n");
    assert!(matches!(refused, Err(SettingsError::Io { .. })), "{refused:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "a = 2\n");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_comment_outlives_the_entry_beside_it_and_swallows_nothing() {
    for (list, left) in [
        (format!("[\n  # one\n  \"{ONE}\" ]"), "[\n  # one\n]".to_owned()),
        (
            format!("[\"{ONE}\" # one\n  ,\"{TWO}\"]"),
            format!("[ # one\n\"{TWO}\"]"),
        ),
        (
            format!("[ # ours\n  \"{ONE}\", \"{TWO}\"]"),
            format!("[ # ours\n  \"{TWO}\"]"),
        ),
        (format!("[\"{ONE}\" # one\n,\n]"), "[ # one\n]".to_owned()),
    ] {
        let text = |list: &str| format!("[organization]\naccounts = {list}\n");
        assert_eq!(edit(&text(&list), &[remove("accounts", ONE)]), text(&left));
    }
}
