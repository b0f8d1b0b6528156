//! `use` trees, flattened into their leaves.

use super::file::Lowerer;
use super::items::nameless;
use super::name;
use crate::facts::{Item, ItemKind, Name, UseLeaf, Visibility};
use crate::text::Span;

impl Lowerer<'_> {
    pub(super) fn use_item(&mut self, item: &syn::ItemUse) -> Item {
        let mut leaves = Vec::new();
        self.use_tree(&item.tree, item.leading_colon.is_some(), &mut Vec::new(), &mut leaves);
        let head = self.head(&item.attrs, &item.vis, item.use_token.span, item.semi_token.spans[0]);
        leaves.iter_mut().for_each(|leaf| leaf.public = head.visibility == Visibility::Public);
        let span = leaves.iter().map(|leaf| leaf.span).reduce(Span::to).unwrap_or(head.full_span);
        Item {
            name: nameless(),
            span,
            full_span: head.full_span,
            visibility: head.visibility,
            attributes: head.attributes,
            kind: ItemKind::Use(leaves),
            shape: None,
        }
    }

    fn use_tree(&self, tree: &syn::UseTree, global: bool, path: &mut Vec<Name>, out: &mut Vec<UseLeaf>) {
        match tree {
            syn::UseTree::Path(step) => {
                path.push(name(&step.ident));
                self.use_tree(&step.tree, global, path, out);
                path.pop();
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, global, path, out);
                }
            }
            syn::UseTree::Glob(glob) => out.push(UseLeaf {
                global,
                path: path.clone(),
                name: nameless(),
                glob: true,
                public: false,
                span: self.spans.span(glob.star_token.spans[0]),
            }),
            syn::UseTree::Name(leaf) => {
                let span = self.spans.span(leaf.ident.span());
                out.push(use_leaf(global, path, name(&leaf.ident), None, span));
            }
            syn::UseTree::Rename(leaf) => {
                let span = self.spans.span(leaf.ident.span()).to(self.spans.span(leaf.rename.span()));
                out.push(use_leaf(global, path, name(&leaf.ident), Some(name(&leaf.rename)), span));
            }
        }
    }
}

fn use_leaf(global: bool, path: &[Name], last: Name, alias: Option<Name>, span: Span) -> UseLeaf {
    let mut path = path.to_vec();
    // `a::b::{self}` names `a::b`; a `self` that stands alone is the current module.
    if last != "self" || path.is_empty() {
        path.push(last);
    }
    let name = alias.or_else(|| path.last().cloned()).unwrap_or_default();
    UseLeaf { global, path, name, glob: false, public: false, span }
}
