//! Timelines drawn as text, as a picture and for a trace viewer; and the option `--timeline`.

mod crowded;
mod drawing;
mod examples;
mod option;
mod trace;
