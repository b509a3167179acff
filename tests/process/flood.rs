//! Owns helpers that open any number of idle connections to a desk, from any number of addresses of this machine.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Writes a script that starts a program with this limit on open files, and returns its path.
pub fn with_files(folder: &Path, files: u32, program: &Path) -> PathBuf {
    let script = format!("#!/bin/sh\nulimit -n {files}\nexec '{}' \"$@\"\n", program.display());
    let wrapper = folder.join("with-few-files");
    fs::write(&wrapper, script).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o700)).unwrap();
    wrapper
}

/// Connects from this address of this machine.
pub fn connect_from(from: Ipv4Addr, port: u16) -> TcpStream {
    // The socket is not inherited by programs that other tests start.
    let way = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    bind(&way, &SocketAddrV4::new(from, 0)).unwrap();
    connect(&way, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)).unwrap();
    way.into()
}

/// Opens `of_each` idle connections from each of these addresses. They close when the returned streams are dropped.
pub fn knock(port: u16, addresses: &[Ipv4Addr], of_each: usize) -> Vec<TcpStream> {
    // This process needs file descriptors for its own ends of the connections, too.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    (0..of_each).flat_map(|_| addresses).map(|from| connect_from(*from, port)).collect()
}

/// The number of open files of a process.
pub fn open_files(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}
