//! One list decides which characters a terminal must not get. `recorder` can be taken without `shared`, so it has a copy.

use rules::{read, root};

#[test]
fn the_recorder_escapes_the_characters_that_shared_escapes() {
    let list = |file: &str| {
        let text = read(root().join(file));
        let (_, list) = text.split_once("c.is_control()").expect("the list");
        list.to_owned()
    };
    assert_eq!(
        list("shared/recorder/src/terminal.rs"),
        list("shared/src/terminal.rs")
    );
}
