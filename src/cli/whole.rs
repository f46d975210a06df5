//! Writing a file as a whole or not at all.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::path::Path;

/// Puts a text in the place of a file, which keeps its mode. A link stays, and what it leads to is replaced.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    let there = fs::canonicalize(path).ok();
    let real = there.as_deref().unwrap_or(path);
    let folder = real.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // What begins with a dot is no policy, so that nobody reads it half written.
    let mut builder = tempfile::Builder::new();
    let mut file = new_file(builder.prefix(".sluice-")).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    if there.is_some() {
        file.as_file().set_permissions(fs::metadata(real)?.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(real).map_err(|error| error.error)?;
    Ok(())
}

/// A new file is for whom other new files are, which the process's mask says.
#[cfg(unix)]
fn new_file<'b, 'p, 's>(builder: &'b mut tempfile::Builder<'p, 's>) -> &'b mut tempfile::Builder<'p, 's> {
    builder.permissions(<Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666))
}

#[cfg(not(unix))]
fn new_file<'b, 'p, 's>(builder: &'b mut tempfile::Builder<'p, 's>) -> &'b mut tempfile::Builder<'p, 's> {
    builder
}
