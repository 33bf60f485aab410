// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Files that are shared with the daemon: a guest's memory, a log, a pipe.

use std::fs::File;
use std::os::fd::FromRawFd;

use vm_memory::{FileOffset, GuestAddress, GuestMemoryMmap};

use crate::Outcome;

/// Of a guest's memory, at address 0.
pub const LEN: usize = 1 << 20;

pub fn memfd(len: usize) -> Outcome<File> {
    // SAFETY: a valid name.
    let fd = unsafe { libc::memfd_create(c"guest".as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    // SAFETY: a new fd, which nobody else has.
    let file = unsafe { File::from_raw_fd(fd) };
    file.set_len(len as u64)?;
    Ok(file)
}

pub fn guest_memory() -> Outcome<GuestMemoryMmap> {
    let file = FileOffset::new(memfd(LEN)?, 0);
    Ok(GuestMemoryMmap::from_ranges_with_files([(GuestAddress(0), LEN, Some(file))])?)
}

pub fn pipe() -> Outcome<(File, File)> {
    let mut ends = [0; 2];
    // SAFETY: room for two fds, which are ours.
    unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return Err(std::io::Error::last_os_error().into());
        }
        Ok((File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1])))
    }
}
