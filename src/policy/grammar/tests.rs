//! Templates and what the format says of them.

use proptest::prelude::*;

use super::*;

/// `user:v2:<id>` as a template; `<id:i64>` is a hole with a type, `<*id>` a parameter. Braces are text.
fn template(text: &str) -> Template {
    let mut out = Template::default();
    let mut rest = text;
    while let Some((front, behind)) = rest.split_once('<') {
        let (hole, behind) = behind.split_once('>').unwrap();
        let (name, ty) = hole.split_once(':').map_or((hole, None), |(name, ty)| (name, Some(ty.to_owned())));
        out.push_text(front);
        let parameter = name.starts_with('*');
        out.push_hole(Hole { ty, parameter, ..Hole::named(name.trim_start_matches('*')) });
        rest = behind;
    }
    out.push_text(rest);
    out
}

/// A repaired key as a template again.
fn reread(text: &str) -> Template {
    template(&text.replace('{', "<").replace('}', ">"))
}

fn format(text: &str, separator: char) -> KeyFormat {
    KeyFormat::new(text, separator).unwrap()
}

fn usual() -> KeyFormat {
    KeyFormat::usual(':')
}

/// `ok`, `unknown`, or the message, the segment and the repair.
fn verdict(format: &KeyFormat, key: &str, service: Option<&str>) -> String {
    match format.check(&template(key), &VersionSpelling::default(), service) {
        KeyShape::Conforms => "ok".to_owned(),
        KeyShape::Unknown => "unknown".to_owned(),
        KeyShape::Broken(fault) => format!("{} [{}] → {}", fault.message, fault.segment, fault.repaired),
    }
}

fn table(format: &KeyFormat, service: Option<&str>, keys: &[&str]) -> String {
    let widest = keys.iter().map(|key| key.chars().count()).max().unwrap_or(0);
    keys.iter().map(|key| format!("{key:<widest$}  {}\n", verdict(format, key, service))).collect()
}

#[test]
fn templates_against_the_usual_format() {
    insta::assert_snapshot!(table(
        &usual(),
        None,
        &[
            // As agreed.
            "user:profile:<id>",
            "user:profile:123",
            "product:detail:abc",
            "user:v2:profile:<id>",
            "user:v<VERSION>:profile:<id>",
            "user:<schema_version>:profile:<id>",
            "user:profile:<tenant>:<id>",
            "user:profile:<id>:settings",
            "{user:profile}:<id>",
            "hotel:guest:{<id>}",
            "user:profile:ABC-<id>",
            // Not known.
            "<key>",
            "<a>:<b>:<c>",
            "<prefix>device:<id>",
            "<self.prefix>:user:<id>",
            "<name>:user:<id>",
            "{user:<id>}:profile",
            "user:<key>",
            "user:<cache_key>",
            "stats:<period>:<day>",
            "user:<kind>:<id>",
            "user:<kind>s:<id>",
            "user:<*entity>:list",
            // Too few.
            "inventory:<id>",
            "session:<token>",
            "hotel:garden<id>",
            "weather",
            "hot_articles",
            "cart_badge_<user_id>",
            "hotel/floor/<id>",
            "minibar-<id>",
            "user:v2:<id>",
            "v2:<id>:profile",
            // In another order.
            "user:<id>:profile",
            "user:<id>:profile:<day>",
            "<user_id>:user:profile",
            "<id:i64>:orders:open",
            "<x:Uuid>_profile",
            "user:<n:u64>:<m:u64>",
            "user:<email>:orders:<id>",
            "user:prof<id>:x",
            // Empty, blank, capital.
            "login_token::<token>",
            ":user:profile:<id>",
            "user:profile:",
            "user:pro file:<id>",
            "menu of <day>",
            "User:Profile:<id>",
            "userService:profile:<id>",
            "user:profile:a b",
            "user:line\nbreak:<id>",
            // Unnamed and long-named holes.
            "voucher.<>",
            "pair_of_<>_<>",
            "profile:<auth.user_id>",
        ],
    ));
}

#[test]
fn repairs_name_the_service_where_the_rule_file_does() {
    insta::assert_snapshot!(table(
        &usual(),
        Some("shop"),
        &["inventory:<id>", "hot_articles", "weather", "profile_<user_id>", "<user_id>:profile", "user:<id>:profile"],
    ));
}

#[test]
fn templates_against_other_formats() {
    let cases = [
        (
            format("{tenant}/{service}/{entity}/{id}", '/'),
            &["<tenant_id>/user/profile/<id>", "acme/user/profile/<id>", "user/profile/<id>", "user:profile:<id>"][..],
        ),
        (
            format("app:{entity}:{id}", ':'),
            &["app:user:<id>", "user:<id>", "web:user:<id>", "app:user", "app:v2:user:<id>"],
        ),
        (
            format("{service}:{id}:{entity}", ':'),
            &["user:<id>:profile", "user:<a>:<b>:profile", "user:profile:<id>", "user:<id:u64>:<n:u64>"],
        ),
        (format("{service}:{entity}", ':'), &["user:profiles", "user:profiles:<id>", "profiles"]),
        (
            format("{service}:{entity}:{version}:{id}", ':'),
            &["user:profile:v1:<id>", "user:profile:<id>", "user:profile:v1", "user:v1:profile:<id>"],
        ),
    ];
    let mut out = String::new();
    for (format, keys) in &cases {
        out.push_str(&format!("{}\n{}\n", format.text, table(format, None, keys)));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn versions_are_found_wherever_they_stand() {
    let find = |key: &str, prefix: &str| {
        let found = VersionSpelling::new(prefix).find(&template(key), &usual())?;
        Some((found.segment, found.number, found.in_place))
    };
    for (key, wanted) in [
        ("user:v2:profile:<id>", (1, Some(2), true)),
        ("user:V12:profile:<id>", (1, Some(12), true)),
        ("user:v<VERSION>:profile:<id>", (1, None, true)),
        ("user:<schema_version>:profile:<id>", (1, None, true)),
        ("v3:user:profile:<id>", (0, Some(3), false)),
        ("user:profile:v1:<id>", (2, Some(1), false)),
        ("APP_CACHE_v3_<org>", (0, Some(3), false)),
        ("users-v<VERSION>:<id>", (0, None, false)),
    ] {
        assert_eq!(find(key, "v"), Some(wanted), "{key}");
    }
    for key in
        ["user:profile:<id>", "vip:list:<id>", "user:value:<x>", "user:v:profile:<id>", "user:v2x:profile", "ipv4:a:b"]
    {
        assert_eq!(find(key, "v"), None, "{key}");
    }
    assert_eq!(find("user:rev7:profile:<id>", "rev"), Some((1, Some(7), true)));
    assert_eq!(find("user:v7:profile:<id>", "rev"), Some((1, Some(7), true)), "the usual spelling always counts");
    assert_eq!(find("user:rev7:profile:<id>", "v"), None);
}

#[test]
fn a_version_goes_to_its_place() {
    let versioned = |format: &KeyFormat, key: &str| format.versioned(&template(key), "v", None);
    let usual = usual();
    assert_eq!(versioned(&usual, "user:profile:<id>"), "user:v1:profile:{id}");
    assert_eq!(versioned(&usual, "user:profile:v4:<id>"), "user:v4:profile:{id}", "an own version moves");
    assert_eq!(versioned(&usual, "profile_<id>"), "{service}:v1:profile:{id}", "a broken key is repaired as well");
    assert_eq!(versioned(&usual, "<prefix>:user:<id>"), "{prefix}:v1:user:{id}");
    let explicit = format("{service}:{entity}:{version}:{id}", ':');
    assert_eq!(versioned(&explicit, "user:profile:<id>"), "user:profile:v1:{id}");
}

#[test]
fn a_faulty_format_is_told() {
    for (text, separator, message) in [
        ("{sevice}:{entity}:{id}", ':', "unknown placeholder `{sevice}` in the format; did you mean `{service}`?"),
        (
            "{service}:{id}",
            ':',
            "the format `{service}:{id}` has no `{entity}`: no key would say what it is about; \
             for example `{service}:{entity}:{id}`",
        ),
        (
            "{service}:{entity}:{id}",
            '/',
            "`{service}:{entity}:{id}` in the format is more than one placeholder, with no separator between; ",
        ),
        ("{service}::{entity}", ':', "the format `{service}::{entity}` has an empty segment; "),
        ("a{entity}", ':', "`a{entity}` in the format mixes text and placeholder: a segment is one or the other; "),
        ("{entity}:{entity}", ':', "the format `{entity}:{entity}` names {entity} twice; "),
        ("my app:{entity}", ':', "`my app` in the format has white space in it; "),
        ("", ':', "the format `` has an empty segment; "),
    ] {
        let mistake = KeyFormat::new(text, separator).unwrap_err();
        assert_eq!(format!("{}; {}", mistake.message, mistake.help.unwrap_or_default()), message, "{text}");
    }
}

fn any_template() -> impl Strategy<Value = Template> {
    let word = prop_oneof!["[a-z]{1,6}", "[A-Za-z_.-]{1,8}", "[a-z]{1,3} [a-z]{1,3}", "v[0-9]{1,3}", "[^<>]{0,6}"];
    let hole =
        prop_oneof![Just("id"), Just("user_id"), Just(""), Just("kind"), Just("key"), Just("version"), Just("x")];
    let piece = prop_oneof![
        3 => word.prop_map(Ok),
        3 => Just(Ok(":".to_owned())),
        2 => hole.prop_map(Err),
    ];
    prop::collection::vec(piece, 0..9).prop_map(|pieces| {
        let mut template = Template::default();
        for piece in pieces {
            match piece {
                Ok(text) => template.push_text(&text),
                Err(name) => template.push_hole(Hole::named(name)),
            }
        }
        template
    })
}

fn any_format() -> impl Strategy<Value = KeyFormat> {
    prop_oneof![
        Just(("{service}:{entity}:{id}", ':')),
        Just(("{tenant}/{service}/{entity}/{id}", '/')),
        Just(("app:{entity}:{id}", ':')),
        Just(("{service}:{id}:{entity}", ':')),
        Just(("{service}:{entity}:{version}:{id}", ':')),
        Just(("{entity}|{service}", '|')),
    ]
    .prop_map(|(text, separator)| format(text, separator))
}

proptest! {
    /// Whatever is called broken is shown in a form that is not broken.
    #[test]
    fn a_repair_is_in_the_format(key in any_template(), format in any_format()) {
        let spelling = VersionSpelling::default();
        if let KeyShape::Broken(fault) = format.check(&key, &spelling, Some("shop")) {
            // A key of nothing but a version and ids has no word for the entity.
            let repaired = reread(&fault.repaired.replace("{entity}", "entity"));
            let again = format.check(&repaired, &spelling, Some("shop"));
            prop_assert!(!matches!(again, KeyShape::Broken(_)), "{key} → {} is {again:?}", fault.repaired);
        }
    }

    #[test]
    fn no_format_makes_a_panic(text in ".*", separator in any::<char>(), key in any_template()) {
        if let Ok(format) = KeyFormat::new(&text, separator) {
            let _ = format.check(&key, &VersionSpelling::default(), None);
            let _ = format.versioned(&key, "v", None);
        }
    }

    #[test]
    fn a_version_is_there_once_it_was_put_there(key in any_template(), format in any_format()) {
        if format.check(&key, &VersionSpelling::default(), Some("shop")) == KeyShape::Conforms {
            let shown = reread(&format.versioned(&key, "v", Some("shop")));
            let found = VersionSpelling::default().find(&shown, &format);
            prop_assert!(found.is_some_and(|version| version.in_place), "{key} → {shown}");
        }
    }
}
