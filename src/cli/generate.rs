//! `cache-lint generate`.

use std::fs;
use std::path::Path;

use super::args::GenerateArgs;
use super::failure::Failure;
use super::format::ColorChoice;
use super::{setup, terminal};
use crate::generate::{Asked, DEV_DEPENDENCY, Request, RequestError, dependencies, module};

pub(super) fn run(args: &GenerateArgs) -> Result<(), Failure> {
    let style = terminal::of_stdout(ColorChoice::Auto);
    let places: Vec<_> = args.out.iter().cloned().collect();
    let policy = setup::policy(&args.policy, &places)?;
    let asked = Asked {
        pattern: args.pattern,
        entity: args.entity.clone(),
        version: args.version,
        ttl: args.ttl.clone(),
        ty: args.ty.clone(),
        id: args.id.clone(),
    };
    let request = Request::new(&asked, &policy).map_err(|error| Failure::other(error.to_string(), remedy(&error)))?;
    let text = module(&request).map_err(|error| {
        Failure::other(format!("the code could not be put together: {error}"), "this is a mistake of the tool")
    })?;
    let Some(out) = &args.out else { return terminal::print(&text, style) };
    if out.exists() && !args.force {
        let help = "`--force` overwrites it; without `--out` the code is printed";
        return Err(Failure::other(format!("`{}` is there already and was left as it is", out.display()), help));
    }
    let refused = |error| Failure::other(format!("cannot write `{}`: {error}", out.display()), "");
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder).map_err(refused)?;
    }
    fs::write(out, &text).map_err(refused)?;
    terminal::print(&steps(&request, out), style)
}

fn remedy(error: &RequestError) -> &'static str {
    match error {
        RequestError::NoTtl(_) => "state one with `--ttl 15m`, or give the key a class in the rule file",
        RequestError::Limit { .. } => "leave `--ttl` out to take the TTL of the class, or change the rule file",
        RequestError::Pattern { wanted: "write-through", .. } => "write `cache-lint generate write-through …`",
        RequestError::Pattern { .. } => "write `cache-lint generate cache-aside …`",
        RequestError::Key { .. } => {
            "`cache-patterns` writes keys as `{service}:v{n}:{entity}:{id}`; change `[keys]` of the rule file, or make an exception"
        }
        _ => "",
    }
}

/// What is left to do.
fn steps(request: &Request, out: &Path) -> String {
    let module = out.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut text = format!("wrote `{}`: entries `{}`\n\n", out.display(), request.key());
    if !matches!(module.as_str(), "lib" | "main" | "mod") {
        text += &format!("In the module above it:\n\n    mod {module};\n\n");
    }
    text += "In Cargo.toml:\n\n    [dependencies]\n";
    for line in dependencies(request.pattern) {
        text += &format!("    {line}\n");
    }
    text += &format!("\n    [dev-dependencies]\n    {DEV_DEPENDENCY}\n");
    if request.path.is_none() {
        text += "\nThe shape of stored values is pinned by a test: `CACHE_SCHEMA_UPDATE=1 cargo test` writes `cache-schema.lock`, now and\nwhenever `version` is raised; commit that file.\n";
    } else {
        text += &format!(
            "\n`{}` needs `Serialize`, `Deserialize`, `Clone` and a field `{}`; the tests also need `Debug`, `Default` and `PartialEq`.\n",
            request.name, request.id_field
        );
    }
    text
}
