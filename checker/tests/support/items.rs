//! Lists the public items of a source file.

use std::collections::BTreeSet;

use quote::{ToTokens, quote};
use syn::visit::Visit;
use syn::{Attribute, Fields, File, ImplItem, Item, ItemImpl, ItemStruct, Visibility};

/// Returns the public items, each as text: its attributes and its signature. Left out are the docs (a stub promises only
/// what the required checks ask for), the bodies of functions, private fields, and `impl Drop`.
pub fn public_items(source: &str) -> BTreeSet<String> {
    let file = syn::parse_file(source).unwrap();
    file.items.iter().flat_map(offered).collect()
}

fn offered(item: &Item) -> Vec<String> {
    match item {
        Item::Fn(function) if is_public(&function.vis) => {
            let (attributes, signature) = (outer(&function.attrs), &function.sig);
            vec![format!("{attributes}pub {}", text(signature))]
        }
        Item::Struct(item) if is_public(&item.vis) => vec![structure(item)],
        Item::Impl(item) => implemented(item),
        Item::Use(item) if is_public(&item.vis) => vec![text(item)],
        Item::Mod(item) if is_public(&item.vis) => {
            vec![format!("{}pub mod {}", outer(&item.attrs), item.ident)]
        }
        Item::Const(item) if is_public(&item.vis) => vec![text(item)],
        Item::Enum(item) if is_public(&item.vis) => vec![text(item)],
        Item::Static(item) if is_public(&item.vis) => vec![text(item)],
        Item::Trait(item) if is_public(&item.vis) => vec![text(item)],
        Item::Type(item) if is_public(&item.vis) => vec![text(item)],
        _ => Vec::new(),
    }
}

fn structure(item: &ItemStruct) -> String {
    let fields: Vec<String> = match &item.fields {
        Fields::Unit => Vec::new(),
        fields => fields
            .iter()
            .filter(|field| is_public(&field.vis))
            .map(text)
            .collect(),
    };
    let (attributes, name, generics) = (outer(&item.attrs), &item.ident, text(&item.generics));
    format!(
        "{attributes}pub struct {name}{generics} {{ {} }}",
        fields.join(", ")
    )
}

fn implemented(item: &ItemImpl) -> Vec<String> {
    let of = item.trait_.as_ref().map(|(path, _)| text(path));
    if of.as_deref() == Some("Drop") {
        return Vec::new();
    }
    let (this, generics) = (&item.self_ty, &item.generics);
    let head = format!(
        "impl {} {}",
        of.clone().unwrap_or_default(),
        text(&quote!(#generics #this))
    );
    let mut offered = Vec::new();
    if of.is_some() {
        offered.push(format!("{}{head}", outer(&item.attrs)));
    }
    for item in &item.items {
        match item {
            ImplItem::Fn(function) if of.is_some() || is_public(&function.vis) => {
                let (attributes, signature) = (outer(&function.attrs), &function.sig);
                offered.push(format!("{head}: {attributes}{}", text(signature)));
            }
            ImplItem::Const(item) if of.is_some() || is_public(&item.vis) => {
                offered.push(format!("{head}: {}", text(item)))
            }
            ImplItem::Type(item) => offered.push(format!("{head}: {}", text(item))),
            _ => {}
        }
    }
    offered
}

/// Returns the number of blocks in it.
pub fn bodies(source: &str) -> usize {
    struct Count(usize);
    impl Visit<'_> for Count {
        fn visit_block(&mut self, _: &syn::Block) {
            self.0 += 1;
        }
    }
    let mut count = Count(0);
    let file: File = syn::parse_file(source).unwrap();
    count.visit_file(&file);
    count.0
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn outer(attributes: &[Attribute]) -> String {
    attributes
        .iter()
        .filter(|attribute| !attribute.path().is_ident("doc"))
        .map(|attribute| text(attribute) + "\n")
        .collect()
}

/// Returns the tokens as text, without trailing commas, which depend on the width of a line.
fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string().replace(" ,)", ")")
}
