//! What must move in the browser. Each improves what already works as links and forms.

mod live_preview;
mod live_tail;
mod queue_keys;
mod search_as_you_type;
mod swap;

pub use live_preview::LivePreview;
pub use live_tail::LiveTail;
pub use queue_keys::QueueKeys;
pub use search_as_you_type::SearchAsYouType;
