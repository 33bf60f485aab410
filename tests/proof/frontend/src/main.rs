// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! usage: frontend DIR VGPIOCTL [CASE…]
//!
//! Drives the guests "one" and "two" of a running daemon, whose sockets are DIR/one and DIR/two and which is controlled
//! through DIR/control. A verdict for each case, in TAP.

mod cases;
mod device;
mod files;
mod ring;

pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

pub fn fail<T>(why: impl Into<String>) -> Outcome<T> {
    Err(why.into().into())
}

/// Where the daemon is.
pub struct Rig {
    pub dir: String,
    pub vgpioctl: String,
}

impl Rig {
    pub fn socket(&self, guest: &str) -> String {
        format!("{}/{guest}", self.dir)
    }

    /// What vgpioctl prints.
    pub fn control(&self, words: &[&str]) -> Outcome<String> {
        let out = std::process::Command::new(&self.vgpioctl)
            .args(["--control", &format!("{}/control", self.dir)])
            .args(words)
            .output()?;
        if !out.status.success() {
            return fail(format!("vgpioctl {words:?}: {}", String::from_utf8_lossy(&out.stderr)));
        }
        Ok(String::from_utf8(out.stdout)?)
    }

    pub fn level(&self, line: &str) -> Outcome<bool> {
        match self.control(&["get", line])?.trim().rsplit_once('=') {
            Some((_, "active")) => Ok(true),
            Some((_, "inactive")) => Ok(false),
            _ => fail("vgpioctl get prints something else"),
        }
    }
}

fn main() {
    let mut words = std::env::args().skip(1);
    let (Some(dir), Some(vgpioctl)) = (words.next(), words.next()) else {
        eprintln!("usage: frontend DIR VGPIOCTL [CASE…]");
        std::process::exit(2);
    };
    let rig = Rig { dir, vgpioctl };
    let wanted: Vec<String> = words.collect();
    let mut number = 0;
    for (name, case) in cases::CASES {
        if !wanted.is_empty() && !wanted.iter().any(|w| w == name) {
            continue;
        }
        number += 1;
        match case(&rig) {
            Ok(()) => println!("ok {number} - {name}"),
            Err(why) => println!("not ok {number} - {name}\n# {why}"),
        }
    }
    println!("1..{number}");
}
