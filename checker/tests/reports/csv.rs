//! The table for spreadsheets.

use super::*;

#[test]
fn csv_has_a_row_for_each_check_and_for_each_problem() {
    let rows = rows(&report(&class(), Format::Csv));
    let rows: Vec<String> = rows.iter().map(|row| row.join("|")).collect();
    assert_eq!(
        rows,
        [
            "submission|task|check|required|verdict|seconds|message|points|max_points",
            "alice|2-concurrent|reads_every_user|true|passed|1.234||1|1",
            "alice|2-concurrent|ten_thousand_at_once|false|passed|1.234||0|0",
            "bob|2-concurrent|reads_every_user|true|passed|1.234||1|1",
            "bob|2-concurrent|ten_thousand_at_once|false|failed|1.234|too few|0|0",
            "bob|2-concurrent|the_older_are_older|true|failed|1.234|\
             expected: the users older than 40 found: one of 40|0|1",
            "bob|2-concurrent|ends|true|timed_out|1.234|did not end within 1 s|0|1",
            "bob|2-concurrent|stays_alive|true|crashed|1.234|it was ended by SIGSEGV|0|1",
            "bob|3-mysql-pool|||problem||your code: it does not compile|0|0",
            "carol||||problem||your code: the archive is encrypted|0|0",
            "dave|3-mysql-pool|||problem||your machine: there is no MariaDB|0|0",
        ]
    );
}

#[test]
fn csv_follows_rfc_4180_in_line_ends_and_quotes() {
    let checks = vec![check("a", true, failed("a \"word\", and more", "", ""))];
    let text = report(&[submission("x", vec![task("t", checks)])], Format::Csv);
    assert_eq!(
        text,
        "submission,task,check,required,verdict,seconds,message,points,max_points\r\n\
         x,t,a,true,failed,1.234,\"a \"\"word\"\", and more\",0,1\r\n"
    );
}

#[test]
fn csv_of_no_submissions_is_a_header_line() {
    assert_eq!(rows(&report(&[], Format::Csv)).len(), 1);
}

#[test]
fn csv_has_no_cell_that_a_spreadsheet_would_run() {
    for formula in [
        "=cmd|' /C calc'!A0",
        "+1",
        "-2+3",
        "@SUM(A1)",
        " =1",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "\x1b[1m=1",
    ] {
        let checks = vec![check(formula, true, failed(formula, "", ""))];
        let text = report(
            &[submission(formula, vec![task(formula, checks)])],
            Format::Csv,
        );
        let row = &rows(&text)[1];
        for cell in [0, 1, 2, 6] {
            assert!(row[cell].starts_with('\''), "{formula:?}: {row:?}");
        }
        assert_eq!(row[4], "failed");
    }
}
