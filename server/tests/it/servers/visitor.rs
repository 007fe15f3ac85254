//! A browser, as far as forms need one.

use std::collections::BTreeMap;

/// Somebody's browser.
#[derive(Clone)]
pub struct Visitor {
    wire: reqwest::Client,
    pub cookies: BTreeMap<String, String>,
    /// The way back from the provider that signed this browser in.
    pub came_by: String,
}

/// What a process answered.
#[derive(Debug, Clone)]
pub struct Told {
    pub status: u16,
    pub location: String,
    pub body: String,
}

impl Told {
    /// Whether it says that the form was carried out.
    pub fn is_done(&self) -> bool {
        self.status == 303 && self.location.contains("done=")
    }
}

impl Visitor {
    pub fn new(wire: reqwest::Client) -> Self {
        Self { wire, cookies: BTreeMap::new(), came_by: String::new() }
    }

    /// Asks for a page. An error is an answer that never came.
    pub async fn get(&mut self, port: u16, path: &str) -> Result<Told, reqwest::Error> {
        let request = self.wire.get(format!("http://127.0.0.1:{port}{path}"));
        let answer = self.dressed(request).send().await?;
        for value in answer.headers().get_all("set-cookie") {
            let text = value.to_str().unwrap();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        told(answer).await
    }

    /// Sends a form, as a page without a script does. An error is an answer that never came.
    pub async fn send(&self, port: u16, form: &str, typed: &[(&str, &str)]) -> Result<Told, reqwest::Error> {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in typed {
            body.append_pair(&format!("typed[{name}]"), value);
        }
        let request = self.wire.post(format!("http://127.0.0.1:{port}/api/form/{form}"));
        let request = self.dressed(request).header("content-type", "application/x-www-form-urlencoded");
        told(request.body(body.finish()).send().await?).await
    }

    /// Presses a button that sends nothing. An error is an answer that never came.
    pub async fn post(&self, port: u16, path: &str) -> Result<Told, reqwest::Error> {
        let request = self.wire.post(format!("http://127.0.0.1:{port}{path}"));
        told(self.dressed(request).send().await?).await
    }

    fn dressed(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.header("accept", "text/html").header("cookie", cookies.join("; "))
    }
}

async fn told(answer: reqwest::Response) -> Result<Told, reqwest::Error> {
    let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
    let status = answer.status().as_u16();
    Ok(Told { status, location: location.unwrap_or_default(), body: answer.text().await? })
}
