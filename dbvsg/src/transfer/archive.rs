use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use zip::{
    ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

/// How much is packed before it is handed on.
const PART: usize = 64 << 10;
/// How hard it is packed, from 1 to 9: the last few percent would take most of the time.
const EFFORT: i64 = 3;

/// A zip that is handed on in parts while it is written: memory does not grow with it.
pub(super) struct Archive {
    packed: Packed,
    zip: ZipWriter<StreamWriter<Packed>>,
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").finish_non_exhaustive()
    }
}

impl Default for Archive {
    fn default() -> Self {
        let packed = Packed::default();
        Self { zip: ZipWriter::new_stream(packed.clone()), packed }
    }
}

impl Archive {
    /// Begins a file. What is written from now on is in it.
    pub(super) fn start(&mut self, name: &str) -> io::Result<()> {
        // Its size is not known before; this form has room for any.
        let options = SimpleFileOptions::default().large_file(true).compression_level(Some(EFFORT));
        Ok(self.zip.start_file(name, options)?)
    }

    /// What was packed since the last time, once it is worth handing on: some 64 KiB.
    pub(super) fn part(&self) -> Option<Vec<u8>> {
        let mut packed = self.packed.0.lock().unwrap_or_else(PoisonError::into_inner);
        (packed.len() >= PART).then(|| mem::take(&mut *packed))
    }

    /// Ends the zip. Returns what is left of it.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        self.zip.finish()?;
        Ok(mem::take(&mut *self.packed.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Write for Archive {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.zip.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.zip.flush()
    }
}

/// What was packed and not handed on yet.
#[derive(Clone, Default)]
struct Packed(Arc<Mutex<Vec<u8>>>);

impl Write for Packed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
