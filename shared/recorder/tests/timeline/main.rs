//! What is drawn of a timeline, as text, as a picture and for a trace viewer; and the option that asks for it.

mod crowded;
mod drawing;
mod examples;
mod option;
mod trace;
