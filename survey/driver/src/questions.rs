//! The questions, in the order of the page.

/// A question.
pub struct Question {
    /// Its name on the command line of the programs.
    pub name: &'static str,
    /// The function of a library's file that is dropped, and to which the page links.
    pub method: &'static str,
}

const fn question(name: &'static str, method: &'static str) -> Question {
    Question { name, method }
}

pub const SQLITE: &[Question] = &[
    question("statement", "number"),
    question("current", "number"),
    question("lock", "execute"),
    question("transaction", "transaction"),
    question("rows", "rows"),
    question("turn", "execute"),
    question("close", "close"),
    question("panic", "transaction"),
    question("commit", "transaction"),
    question("runtime", "number"),
    question("background", "number"),
];

pub const MYSQL: &[Question] = &[
    question("statement", "users"),
    question("lock", "execute"),
    question("transaction", "transaction"),
    question("rows", "rows"),
    question("turn", "execute"),
    question("close", "close"),
    question("panic", "transaction"),
    question("commit", "transaction"),
    question("lost", "transaction"),
    question("runtime", "users"),
];
