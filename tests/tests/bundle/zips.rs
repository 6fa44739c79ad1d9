//! Bundles taken apart and put together by hand.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read, Write},
};

use sha2::{Digest, Sha256};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

pub(crate) type Files = BTreeMap<String, String>;

pub(crate) fn unpack(zip: Vec<u8>) -> Files {
    let mut archive = ZipArchive::new(Cursor::new(zip)).unwrap();
    let read = (0..archive.len()).map(|index| {
        let mut file = archive.by_index(index).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        (file.name().unwrap().into_owned(), text)
    });
    read.collect()
}

pub(crate) fn pack<'a>(files: impl IntoIterator<Item = (&'a String, &'a String)>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The digests of files as they are now, as somebody would make them who forges them.
pub(crate) fn forge(files: &mut Files) {
    let digests = files.iter().filter(|(name, _)| *name != "digests.json").map(|(name, text)| {
        let sha256: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        (name.clone(), serde_json::json!({"sha256": sha256, "lines": text.matches('\n').count()}))
    });
    let digests: serde_json::Map<String, serde_json::Value> = digests.collect();
    files.insert("digests.json".into(), serde_json::Value::from(digests).to_string());
}
