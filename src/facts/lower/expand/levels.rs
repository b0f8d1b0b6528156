//! How deep the tree of an expansion can be.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// An upper bound of the levels of the syntax tree: a statement has at most as many as it has tokens, and those of the
/// deepest bracket in it.
pub(super) fn levels(tokens: &TokenStream) -> usize {
    let mut deepest = 0;
    let mut statement = 0;
    let mut inside = 0;
    let mut trees = tokens.clone().into_iter().peekable();
    while let Some(tree) = trees.next() {
        statement += 1;
        let ends = match &tree {
            TokenTree::Punct(punct) => matches!(punct.as_char(), ',' | ';'),
            TokenTree::Group(group) => {
                inside = inside.max(levels(&group.stream()));
                // `} else`, `}.method()` and `} + 1` go on, anything else begins anew.
                let goes_on = match trees.peek() {
                    Some(TokenTree::Ident(word)) => word == "else",
                    Some(TokenTree::Punct(punct)) => punct.as_char() != '#',
                    _ => false,
                };
                group.delimiter() == Delimiter::Brace && !goes_on
            }
            _ => false,
        };
        if ends {
            deepest = deepest.max(statement + inside);
            (statement, inside) = (0, 0);
        }
    }
    deepest.max(statement + inside)
}
