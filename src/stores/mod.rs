//! What a database client's functions and methods do: read and write which tables. The tables of `rules/stores/*.toml`
//! say which names count; nothing here knows syntax.

mod select;
mod sql;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::facts::Name;
pub use sql::read as read_sql;

/// What a statement does with its tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Reads rows.
    Select,
    /// Adds rows.
    Insert,
    /// Adds rows or changes those that are there.
    Upsert,
    /// Changes rows.
    Update,
    /// Removes rows.
    Delete,
    /// Something else, or not known.
    #[default]
    Other,
}

impl Verb {
    /// For messages: "updated".
    #[must_use]
    pub fn done(self) -> &'static str {
        match self {
            Self::Select => "read",
            Self::Insert => "inserted into",
            Self::Upsert | Self::Update => "updated",
            Self::Delete => "deleted from",
            Self::Other => "touched",
        }
    }

    /// Whether it changes or removes rows that may have been read before.
    #[must_use]
    pub fn changes_rows(self) -> bool {
        matches!(self, Self::Upsert | Self::Update | Self::Delete)
    }
}

/// A table that a statement writes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Write {
    /// The table.
    pub table: Name,
    /// What is done with it.
    pub verb: Verb,
    /// Columns that an update sets; lower case.
    pub columns: Vec<Name>,
    /// Which ones is not known, or it is no update.
    pub all_columns: bool,
}

impl Write {
    /// A write whose columns are not known.
    #[must_use]
    pub fn of(verb: Verb, table: Name) -> Self {
        Self { table, verb, columns: Vec::new(), all_columns: true }
    }

    /// Whether a change of this kind shows in what `load` reads of this table.
    #[must_use]
    pub fn shows_in(&self, load: &Access) -> bool {
        let is_of = |table: &Name| same_table(table, &self.table);
        let first = load.reads.first().is_some_and(is_of);
        let mut shown = load.shown.iter().filter(|shown| is_of(&shown.table));
        if self.verb != Verb::Update || self.all_columns {
            // A table that is joined, of which nothing shows, is asked for a condition.
            return first || shown.any(|shown| shown.told);
        }
        let any = |columns: &[Name]| self.columns.iter().any(|column| columns.contains(column));
        // Columns that name no table are those of this one if it has them.
        let meets = shown.clone().any(|shown| shown.all || any(&shown.columns));
        let told = shown.any(|shown| shown.told);
        meets || (first && !told && (load.all_columns || any(&load.columns)))
    }
}

/// What a select shows of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shown {
    /// The table.
    pub table: Name,
    /// Columns that are named as its own, or as nobody's; lower case, with words of the language among them.
    pub columns: Vec<Name>,
    /// All of its columns.
    pub all: bool,
    /// It is known that some of the columns are its own.
    pub told: bool,
}

/// Which tables a statement reads and writes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Access {
    /// What it does; of a `WITH`, what stands behind it does.
    pub verb: Verb,
    /// Tables that it reads, the one it selects from first.
    pub reads: Vec<Name>,
    /// Tables that it writes, each with what is done with it: several, where a part of a `WITH` or a second statement
    /// writes as well.
    pub writes: Vec<Write>,
    /// What a select in text shows of which table.
    pub shown: Vec<Shown>,
    /// Columns that are named anywhere in a select; lower case.
    pub columns: Vec<Name>,
    /// A select of `*`, or a statement whose columns are not known.
    pub all_columns: bool,
    /// It counts, sums or groups.
    pub aggregate: bool,
}

impl Access {
    /// A statement of a query builder on one table: its columns are not known.
    #[must_use]
    pub fn of(verb: Verb, table: Name) -> Self {
        let (reads, writes) =
            if verb == Verb::Select { (vec![table], Vec::new()) } else { (Vec::new(), vec![Write::of(verb, table)]) };
        Self { verb, reads, writes, all_columns: true, ..Self::default() }
    }

    /// Its tables, those that it reads first.
    pub fn tables(&self) -> impl Iterator<Item = &Name> {
        self.reads.iter().chain(self.writes.iter().map(|write| &write.table))
    }

    /// Makes an insert one that changes the row which is there.
    pub fn upsert(&mut self) {
        for verb in self.writes.iter_mut().map(|write| &mut write.verb).chain([&mut self.verb]) {
            if *verb == Verb::Insert {
                *verb = Verb::Upsert;
            }
        }
    }
}

/// Whether two names mean one table: `Users`, `user`, `public.users` and `"users"` do.
#[must_use]
pub fn same_table(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

fn plain(name: &str) -> String {
    let last = name.rsplit(['.', ':']).next().unwrap_or(name);
    let mut out = String::new();
    let mut lower = false;
    for c in last.chars().filter(|c| !matches!(c, '"' | '`' | '[' | ']')) {
        if c.is_uppercase() && lower {
            out.push('_');
        }
        lower = c.is_lowercase() || c.is_ascii_digit();
        out.extend(c.to_lowercase());
    }
    if let Some(stem) = out.strip_suffix("ies") {
        return format!("{stem}y");
    }
    if !out.ends_with("ss") && out.ends_with('s') {
        out.pop();
    }
    out
}

/// A table of `rules/stores/`: the words that make a call one of this database client's.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Store {
    /// A package must depend on one of these for the table to count.
    pub packages: Vec<String>,
    /// What it fetches comes over the network and has no tables.
    pub remote: bool,
    /// Functions that make a statement of the SQL text among their arguments.
    pub functions: Vec<String>,
    /// Macros that do the same.
    pub macros: Vec<String>,
    /// Macros that read the text from a file, relative to the package.
    pub file_macros: Vec<String>,
    /// Methods of a statement that append text to it.
    pub append: Vec<String>,
    /// Methods that make a statement of the text that they are given.
    pub prepare: Vec<String>,
    /// Methods that run the text that they are given.
    pub takes_text: Vec<String>,
    /// Methods that run a statement and give rows back.
    pub fetch: Vec<String>,
    /// Of these, methods that give one row,
    pub one_row: Vec<String>,
    /// an `Option` of one,
    pub optional_row: Vec<String>,
    /// or all of them in a list: the value then has the type that the rows are read into.
    pub all_rows: Vec<String>,
    /// Methods that run a statement.
    pub run: Vec<String>,
    /// `users::table` and a bare table name begin a query.
    pub tables: bool,
    /// Methods of a query that join another table.
    pub join: Vec<String>,
    /// Functions that make an insert of a table.
    pub insert_functions: Vec<String>,
    /// Functions that make a replacement.
    pub upsert_functions: Vec<String>,
    /// Functions that make an update of a query.
    pub update_functions: Vec<String>,
    /// Functions that make a delete of a query.
    pub delete_functions: Vec<String>,
    /// Methods after which an insert replaces what is there.
    pub upsert: Vec<String>,
    /// Derives of entity types that are declared by hand.
    pub entity_derives: Vec<String>,
    /// Functions of an entity type that begin a read.
    pub entity_reads: Vec<String>,
    /// … an insert.
    pub entity_inserts: Vec<String>,
    /// … an update.
    pub entity_updates: Vec<String>,
    /// … a delete.
    pub entity_deletes: Vec<String>,
    /// Names of types that write themselves.
    pub model_types: Vec<String>,
    /// Derives of structs that stand for a row of the table that is called as they are, or as an attribute's `table_name`
    /// says; of one called `Model`, as its module is.
    pub model_derives: Vec<String>,
    /// Methods that make one of `model-types` of such a struct.
    pub model_into: Vec<String>,
    /// By derive: the types that it makes beside the struct.
    pub derive_makes: BTreeMap<String, Vec<String>>,
    /// Methods by which they insert themselves.
    pub model_inserts: Vec<String>,
    /// … update.
    pub model_updates: Vec<String>,
    /// … delete.
    pub model_deletes: Vec<String>,
    /// Methods that name a collection.
    pub collection: Vec<String>,
    /// Types of collections, by path; the type argument names the collection.
    pub collection_types: Vec<String>,
    /// Methods by which a collection is read.
    pub collection_reads: Vec<String>,
    /// … inserted into.
    pub collection_inserts: Vec<String>,
    /// … updated.
    pub collection_updates: Vec<String>,
    /// … deleted from.
    pub collection_deletes: Vec<String>,
    /// Methods that begin a transaction and give it back.
    pub begin: Vec<String>,
    /// Methods that run a closure as a transaction.
    pub begin_closure: Vec<String>,
    /// Methods that commit.
    pub commit: Vec<String>,
    /// Methods that roll back.
    pub rollback: Vec<String>,
}

impl Store {
    /// Whether a package of this name, with `-` or `_`, is one of this client's. A fork that is used under the client's name
    /// counts as well.
    #[must_use]
    pub fn is_of(&self, package: &str) -> bool {
        self.packages.iter().any(|known| known == package || known.replace('-', "_") == package)
    }

    /// What a method does with a collection.
    #[must_use]
    pub fn collection_verb(&self, method: &str) -> Option<Verb> {
        verb_of(
            method,
            [
                (&self.collection_reads, Verb::Select),
                (&self.collection_inserts, Verb::Insert),
                (&self.collection_updates, Verb::Update),
                (&self.collection_deletes, Verb::Delete),
            ],
        )
    }

    /// What a function of an entity begins.
    #[must_use]
    pub fn entity_verb(&self, function: &str) -> Option<Verb> {
        verb_of(
            function,
            [
                (&self.entity_reads, Verb::Select),
                (&self.entity_inserts, Verb::Insert),
                (&self.entity_updates, Verb::Update),
                (&self.entity_deletes, Verb::Delete),
            ],
        )
    }

    /// What a method of a model that writes itself does.
    #[must_use]
    pub fn model_verb(&self, method: &str) -> Option<Verb> {
        let none = Vec::new();
        verb_of(
            method,
            [
                (&none, Verb::Select),
                (&self.model_inserts, Verb::Insert),
                (&self.model_updates, Verb::Update),
                (&self.model_deletes, Verb::Delete),
            ],
        )
    }

    /// What a function makes of the query that it is given.
    #[must_use]
    pub fn function_verb(&self, path: &str) -> Option<Verb> {
        verb_of(
            path,
            [
                (&self.insert_functions, Verb::Insert),
                (&self.upsert_functions, Verb::Upsert),
                (&self.update_functions, Verb::Update),
                (&self.delete_functions, Verb::Delete),
            ],
        )
    }
}

fn verb_of(name: &str, lists: [(&Vec<String>, Verb); 4]) -> Option<Verb> {
    lists.into_iter().find(|(list, _)| has(list, name)).map(|(_, verb)| verb)
}

/// Whether a list of names holds this one.
#[must_use]
pub fn has(list: &[String], name: &str) -> bool {
    list.iter().any(|known| known == name)
}

macro_rules! tables {
    ($($file:literal),* $(,)?) => {
        const TABLES: &[(&str, &str)] = &[$(($file, include_str!(concat!("../../rules/stores/", $file)))),*];
    };
}

tables! {
    "sqlx.toml", "postgres.toml", "rusqlite.toml", "diesel.toml", "sea-orm.toml", "mongodb.toml", "others.toml",
    "remote.toml",
}

/// The tables that come with the tool, in the order in which they are asked.
pub fn embedded() -> &'static [Store] {
    static STORES: OnceLock<Vec<Store>> = OnceLock::new();
    STORES.get_or_init(|| TABLES.iter().filter_map(|(_, text)| toml::from_str(text).ok()).collect())
}

/// The types that a derive of a database client makes beside the struct.
pub fn made_by(derive: &str) -> impl Iterator<Item = &'static String> {
    embedded().iter().filter_map(move |store| store.derive_makes.get(derive)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_table_reads() {
        for (file, text) in TABLES {
            let store: Result<Store, _> = toml::from_str(text);
            assert!(store.is_ok_and(|store| !store.packages.is_empty()), "{file}");
        }
    }

    #[test]
    fn one_table_has_many_spellings() {
        for other in ["user", "Users", "public.users", "\"users\"", "User"] {
            assert!(same_table("users", other), "{other}");
        }
        assert!(same_table("UserProfile", "user_profiles"));
        assert!(same_table("categories", "Category"));
        assert!(!same_table("users", "user_roles"));
        assert!(!same_table("addresses", "orders"));
    }

    #[test]
    fn a_change_shows_where_its_columns_are_read() {
        let load = read_sql("SELECT id, name FROM users WHERE id = $1");
        let shows = |change: &str, load: &Access| read_sql(change).writes[0].shows_in(load);
        assert!(shows("UPDATE users SET name = $1 WHERE id = $2", &load));
        assert!(!shows("UPDATE users SET last_seen = now() WHERE id = $1", &load));
        assert!(shows("UPDATE users SET last_seen = now()", &read_sql("SELECT * FROM users")));
        assert!(shows("DELETE FROM users", &load));
        let joined = read_sql("SELECT l.id, p.name FROM lines l JOIN products p ON p.id = l.product WHERE l.cart = $1");
        assert!(shows("UPDATE products SET name = $1", &joined));
        assert!(shows("DELETE FROM products", &joined));
        assert!(shows("UPDATE lines SET product = $1", &joined));
        assert!(!shows("UPDATE products SET stock = $1", &joined));
        assert!(!shows("UPDATE lines SET name = $1", &joined));
        let asked = read_sql("SELECT l.* FROM lines l JOIN carts c ON c.id = l.cart WHERE c.owner = $1");
        assert!(!shows("UPDATE carts SET owner = $1", &asked));
        assert!(!shows("DELETE FROM carts", &asked));
        let bare = read_sql("SELECT amount, name FROM lines JOIN products USING (product)");
        assert!(shows("UPDATE products SET name = $1", &bare));
        assert!(shows("DELETE FROM lines", &bare));
        assert!(!shows("DELETE FROM products", &bare));
    }
}
