//! The least of an HTTP client: the same GET over and over on one connection. Whatever it costs, both sides pay.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One connection.
pub struct Wire {
    stream: TcpStream,
    request: String,
    buffer: Vec<u8>,
}

impl Wire {
    /// Connects, to ask for this path with this cookie again and again.
    pub async fn open(port: u16, path: &str, cookie: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a server that listens");
        stream.set_nodelay(true).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept: text/html\r\ncookie: {cookie}\r\n\r\n"
        );
        Self { stream, request, buffer: Vec::with_capacity(1 << 20) }
    }

    /// Asks once; answers the body's length. Anything but 200 ends the benchmark.
    pub async fn get(&mut self) -> usize {
        self.stream.write_all(self.request.as_bytes()).await.unwrap();
        self.buffer.clear();
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            self.read().await;
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).to_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(!head.contains("\r\ncontent-encoding:"), "{head}");
        self.buffer.drain(..end);
        match head.split("\r\ncontent-length: ").nth(1) {
            Some(rest) => {
                let length = rest.split('\r').next().unwrap().parse().unwrap();
                while self.buffer.len() < length {
                    self.read().await;
                }
                length
            }
            None => self.chunks().await,
        }
    }

    /// The last body, without what its transfer added.
    pub fn body(&self) -> String {
        String::from_utf8_lossy(&self.buffer).into_owned()
    }

    /// Reads chunks to the last, and puts the body together in the buffer.
    async fn chunks(&mut self) -> usize {
        let mut whole = 0;
        loop {
            let line = loop {
                match find(&self.buffer[whole..], b"\r\n") {
                    Some(at) => break whole + at,
                    None => self.read().await,
                }
            };
            let size = str::from_utf8(&self.buffer[whole..line]).unwrap();
            let size = usize::from_str_radix(size, 16).unwrap();
            while self.buffer.len() < line + 2 + size + 2 {
                self.read().await;
            }
            // Takes the size before the chunk and the line's end behind it away.
            self.buffer.drain(whole..line + 2);
            self.buffer.drain(whole + size..whole + size + 2);
            whole += size;
            if size == 0 {
                return whole;
            }
        }
    }

    async fn read(&mut self) {
        assert!(self.stream.read_buf(&mut self.buffer).await.unwrap() > 0, "the server hung up");
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
