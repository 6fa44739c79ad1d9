//! All user tables as CSV files, all of one moment: in a zip, or in a folder.

mod folder;
mod names;
mod zip;

pub use self::{
    folder::folder,
    zip::{file, zip},
};
