//! What must move in the browser. Each improves what already works as links and forms.

mod drag_days;
mod live_preview;
mod live_tail;
mod look_again;
mod query_line;
mod queue_keys;
mod search_as_you_type;
mod swap;

pub use drag_days::DragDays;
pub use live_preview::LivePreview;
pub use live_tail::LiveTail;
pub use look_again::LookAgain;
pub use query_line::QueryLine;
pub use queue_keys::QueueKeys;
pub use search_as_you_type::SearchAsYouType;
