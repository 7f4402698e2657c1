mod exceptions;
mod negotiating;
mod parsing;
