//! What a page says after something was done: a closed list, so that an address can never put words in
//! Gatebook's mouth.

macro_rules! notices {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $sentence:literal;)*) => {
        /// Something that was just done, carried over a redirect as `?done=WORD`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant's word and sentence stand next to it")]
        pub enum Notice { $($variant,)* }

        impl Notice {
            /// The word in the address.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The notice with this word.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }

            /// What people read.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }
        }
    };
}

notices! {
    RequestSent = "request-sent", "Your request is on its way. You can leave this page.";
    RequestsSent = "requests-sent", "Your requests are on their way. Each has its own deciders.";
    RequestCancelled = "request-cancelled", "You took your request back.";
    Approved = "approved", "Approved. The access opens by itself.";
    Denied = "denied", "Denied. Whoever asked reads your summary.";
    GivenBack = "given-back", "You gave the access back. It closes now.";
    TakenAway = "taken-away", "The access is being taken away.";
    TaskDone = "task-done", "Noted in the book, with your name.";
    TaskRetried = "task-retried", "The next try begins in a moment.";
    SettingsSaved = "settings-saved", "Your settings are saved.";
    DeviceEnded = "device-ended", "That device is signed out.";
    CatalogueSaved = "catalogue-saved", "Saved. It stands in the book, and holds from now on.";
    NothingChanged = "nothing-changed", "Nothing was different, so nothing was changed.";
    LooseningProposed = "loosening-proposed", "These rules are looser, so they wait until somebody else confirms them.";
    LooseningConfirmed = "loosening-confirmed", "Confirmed. The looser rules hold from now on.";
    LooseningRejected = "loosening-rejected", "Nothing was loosened. The book keeps what was proposed.";
    AccountSet = "account-set", "The account is set. Access opens and closes under it from now on.";
    Deleted = "deleted", "Deleted. What was held is being taken away, and the history stays.";
    SystemAdded = "system-added", "The system is there. Add its resources next.";
    ResourceAdded = "resource-added", "The resource is there. Add what can be held on it next.";
    BundleSaved = "bundle-saved", "The bundle is saved.";
    JobRoleSaved = "job-role-saved", "The job role is saved. What it no longer explains stands out at once.";
    Gone = "gone", "Deleted. Its history stays.";
    JobRolesSet = "job-roles-set", "The job roles are set. What they no longer explain stands out at once.";
    OwnersGivenUp = "owners-given-up", "The next level decides there from now on.";
    WindowAdded = "window-added", "The window is there. What was used in it stands below.";
    WindowsAdded = "windows-added", "The windows are there. What was used in each stands on its page.";
    QuerySaved = "query-saved", "Saved. It stands under “Saved queries”, with what you called it.";
    QueryDeleted = "query-deleted", "Deleted. Nothing that it found is gone.";
    ExportAsked = "export-asked", "It is being prepared. You can leave this page; Home says when it is there.";
    ExportCancelled = "export-cancelled", "Cancelled. Nothing of it is kept.";
    ExportDeleted = "export-deleted", "Deleted. The book keeps that it was made.";
    SourceAdded = "source-added", "The source is there. Make a token for whatever sends next.";
    SourceSaved = "source-saved", "The source is saved.";
    SourceEnded = "source-ended", "The source is closed, and its tokens have ended.";
    TokenMade = "token-made", "The token works from now on.";
    TokenRotated = "token-rotated", "The new secret works from now on; the one of before for another 24 hours.";
    TokenEnded = "token-ended", "The token has ended. Whatever shows it is refused.";
    AliasSet = "alias-set", "Noted. The reports under these words follow in a moment, old ones too.";
    AliasTakenBack = "alias-taken-back", "Taken back. The reports under these words are matched anew.";
    AlertTakenUp = "alert-taken-up", "You look at it now. The others see that.";
    AlertResolved = "alert-resolved", "Resolved. What you said stands in the book.";
    AlertHandedOver = "alert-handed-over", "Handed over. It waits for them now.";
    AlertCommented = "alert-commented", "Noted. Whoever sees the alert reads it.";
    SuspendedFromAlert = "suspended-from-alert", "Suspended. What they held is being taken away.";
    AlertAsked = "alert-asked", "Asked. The answer stands here as soon as it is there.";
    QuestionAnswered = "question-answered", "Thank you. Your answer stands in the book.";
    SuppressionEnded = "suppression-ended", "It is told again from now on.";
    StatusChanged = "status-changed", "The status is changed.";
}

impl Notice {
    /// `path` that says this when it opens.
    pub fn on(self, path: &str) -> String {
        crate::address::with(&crate::address::without(path, "done"), "done", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_cannot_make_up_a_notice() {
        assert_eq!(Notice::parse("request-sent"), Some(Notice::RequestSent));
        assert_eq!(Notice::parse("Your account is locked, call 555"), None);
    }

    #[test]
    fn a_page_says_one_thing_at_a_time() {
        assert_eq!(Notice::Denied.on("/approvals?open=1&done=approved"), "/approvals?open=1&done=denied");
    }
}
