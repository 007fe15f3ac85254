//! What must move in the browser. Each improves what already works as links and forms.

mod queue_keys;
mod search_as_you_type;

pub use queue_keys::QueueKeys;
pub use search_as_you_type::SearchAsYouType;
