//! HTTP to the provider: no redirects, bounded in time and size.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use thiserror::Error;

/// How long one request to the provider may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// How much the provider may answer.
const ANSWER_MAX_BYTES: usize = 1024 * 1024;

/// Why the provider gave no answer.
#[derive(Debug, Error)]
pub enum WireError {
    /// The way there, or its time ran out.
    #[error(transparent)]
    Reqwest(#[from] reqwest::Error),
    /// The answer is no HTTP that is understood.
    #[error(transparent)]
    Http(#[from] http::Error),
    /// Too much of it.
    #[error("the answer is longer than {ANSWER_MAX_BYTES} bytes")]
    TooLong,
}

/// Sends requests to the provider.
#[derive(Debug, Clone)]
pub struct Wire(reqwest::Client);

impl Wire {
    /// A client that follows no redirects: a provider that redirects could lead anywhere.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        // Fails only if another provider was installed before, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(REQUEST_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .build()?;
        Ok(Self(client))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, WireError> {
        let mut answer = self.0.execute(request.try_into()?).await?;
        let mut response = http::Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_MAX_BYTES {
                return Err(WireError::TooLong);
            }
        }
        Ok(response.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Wire {
    type Error = WireError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, WireError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
