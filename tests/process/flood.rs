//! Owns functions that open any number of idle connections to a desk, from any number of addresses of this machine.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Writes a script that starts `program` with `files` as its limit on open files. Returns the path of the script.
pub fn with_files(folder: &Path, files: u32, program: &Path) -> PathBuf {
    let script = format!("#!/bin/sh\nulimit -n {files}\nexec '{}' \"$@\"\n", program.display());
    let wrapper = folder.join("with-few-files");
    fs::write(&wrapper, script).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o700)).unwrap();
    wrapper
}

/// Connects to a port on the loopback interface, from the address `from` of this machine.
pub fn connect_from(from: Ipv4Addr, port: u16) -> TcpStream {
    // With `CLOEXEC`, programs that other tests start do not inherit the socket.
    let way = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    bind(&way, &SocketAddrV4::new(from, 0)).unwrap();
    connect(&way, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)).unwrap();
    way.into()
}

/// Opens `of_each` idle connections from each of these addresses. They close when the returned streams are dropped.
pub fn knock(port: u16, addresses: &[Ipv4Addr], of_each: usize) -> Vec<TcpStream> {
    // This process also needs a file descriptor for its own end of each connection.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    (0..of_each).flat_map(|_| addresses).map(|from| connect_from(*from, port)).collect()
}

/// The number of open files of a process.
pub fn open_files(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}
