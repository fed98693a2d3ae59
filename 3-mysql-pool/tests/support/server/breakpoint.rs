//! A breakpoint on the server, at which queries of `users` wait.

use super::{Process, Server};

impl Process {
    pub fn is_at_breakpoint(&self) -> bool {
        self.state == "User lock"
    }
}

impl Server {
    /// From now on, every query of `users` waits at its first row until the breakpoint is released. The process list shows
    /// which connections wait there.
    ///
    /// The function and the view have the invoker's rights, because the process list names a connection after the user
    /// whose rights it uses at that moment.
    pub async fn set_breakpoint(&self) {
        let lock = format!("{}.breakpoint", self.user);
        let function = format!(
            "CREATE FUNCTION wait_there(value BIGINT) RETURNS BIGINT NOT DETERMINISTIC SQL SECURITY INVOKER BEGIN \
             DO GET_LOCK('{lock}', 1000); DO RELEASE_LOCK('{lock}'); RETURN value; END"
        );
        self.sql(&format!("DO GET_LOCK('{lock}', 0)")).await;
        self.sql("RENAME TABLE users TO people").await;
        self.sql(&function).await;
        self.sql("CREATE SQL SECURITY INVOKER VIEW users AS SELECT wait_there(id) AS id, name, email, age FROM people")
            .await;
    }

    /// Lets every query go on: those that wait, and those that come later.
    pub async fn release_breakpoint(&self) {
        self.sql(&format!("DO RELEASE_LOCK('{}.breakpoint')", self.user))
            .await;
    }

    /// Sets a breakpoint that was released.
    pub async fn set_breakpoint_again(&self) {
        self.sql(&format!("DO GET_LOCK('{}.breakpoint', 1000)", self.user))
            .await;
    }

    /// Waits until `count` connections wait at the breakpoint.
    pub async fn until_at_breakpoint(&self, expected: &str, count: usize) -> Vec<Process> {
        let waiting = |list: &[Process]| list.iter().filter(|one| one.is_at_breakpoint()).count();
        self.until(expected, |list| waiting(list) == count).await
    }
}
