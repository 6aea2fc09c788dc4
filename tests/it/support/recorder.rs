//! A proxy in front of an emulator that keeps every request, so that a test knows which calls the program really made.

use std::io::{BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::webhook::Request;
use super::webhook::request::read;

/// A running recorder; its threads end with the test process.
pub(crate) struct Recorder {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Recorder {
    /// Passes everything on to `http://host:port`.
    pub(crate) fn before(upstream: &str) -> Self {
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind a loopback port");
        let address = listener.local_addr().expect("the bound address");
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let kept = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (upstream, kept) = (upstream.clone(), Arc::clone(&kept));
                // An error is the sender's or the emulator's: the program tells it.
                thread::spawn(move || pass_on(stream, &upstream, &kept).ok());
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One request a connection.
fn pass_on(mut client: TcpStream, upstream: &str, kept: &Mutex<Vec<Request>>) -> std::io::Result<()> {
    let request = read(&mut BufReader::new(&client))?;
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    let mut head = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", request.method, request.path);
    for (name, value) in &request.headers {
        if !name.eq_ignore_ascii_case("connection") && !name.eq_ignore_ascii_case("expect") {
            head += &format!("{name}: {value}\r\n");
        }
    }
    let mut server = TcpStream::connect(upstream)?;
    server.write_all(format!("{head}\r\n{}", request.body).as_bytes())?;
    std::io::copy(&mut server, &mut client)?;
    Ok(())
}
