//! The columns that somebody chose to see instead of sentences. They stand in the address alone.

use domain::audit::query::Query;
use leptos::prelude::*;

use crate::address;
use crate::desk::Desk;
use crate::routes;

/// The parameter of the address.
pub(crate) const PARAMETER: &str = "columns";

/// What can be shown of an event, each by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is called what it shows")]
pub enum Column {
    Time,
    Actor,
    Action,
    Outcome,
    Subject,
    System,
    Resource,
    Entitlement,
    Reason,
    Source,
    Ip,
}

impl Column {
    const ALL: [Self; 11] = [
        Self::Time,
        Self::Actor,
        Self::Action,
        Self::Outcome,
        Self::Subject,
        Self::System,
        Self::Resource,
        Self::Entitlement,
        Self::Reason,
        Self::Source,
        Self::Ip,
    ];

    /// The word in the address.
    fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Actor => "actor",
            Self::Action => "action",
            Self::Outcome => "outcome",
            Self::Subject => "subject",
            Self::System => "system",
            Self::Resource => "resource",
            Self::Entitlement => "entitlement",
            Self::Reason => "reason",
            Self::Source => "source",
            Self::Ip => "ip",
        }
    }

    /// What stands above it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Time => "Time",
            Self::Actor => "Who",
            Self::Action => "What was done",
            Self::Outcome => "Came out",
            Self::Subject => "Whose access",
            Self::System => "System",
            Self::Resource => "Resource",
            Self::Entitlement => "Permission",
            Self::Reason => "Reason",
            Self::Source => "Recorded by",
            Self::Ip => "Address",
        }
    }

    /// These columns as one text.
    pub fn write_all(columns: &[Self]) -> String {
        columns.iter().map(|column| column.as_str()).collect::<Vec<_>>().join(",")
    }

    /// The columns of `time,actor`, in this order, each once; what is no column is left out. None at all are sentences.
    pub fn parse_all(text: &str) -> Vec<Self> {
        let mut columns = Vec::new();
        for word in text.split(',') {
            let column = Self::ALL.into_iter().find(|column| column.as_str() == word.trim());
            columns.extend(column.filter(|column| !columns.contains(column)));
        }
        columns
    }
}

/// How the page is looked at: what all its links keep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// None are sentences.
    pub(crate) columns: Vec<Column>,
}

impl Look {
    /// As the address says. A form writes each column by itself.
    pub(crate) fn of(desk: &Desk) -> Self {
        Self { columns: Column::parse_all(&desk.query_all(PARAMETER).join(",")) }
    }

    /// The columns as one parameter.
    pub(crate) fn written(&self) -> String {
        Column::write_all(&self.columns)
    }

    /// Where this query leads to, looked at in the same way.
    pub(crate) fn address_of(&self, query: &Query) -> String {
        let text = query.as_written();
        address::with_all(routes::AUDIT, &[("q", &text), (PARAMETER, &self.written())])
    }

    /// What a form of the page carries along.
    pub(crate) fn kept(&self) -> Option<AnyView> {
        let written = self.written();
        (!written.is_empty())
            .then(|| view! { <input type="hidden" name=PARAMETER value=written/> }.into_any())
    }

    /// The form that chooses.
    pub(crate) fn form(&self, query: &Query) -> AnyView {
        let boxes = Column::ALL
            .into_iter()
            .map(|column| {
                view! {
                    <label class="pick-one">
                        <input class="checkbox" type="checkbox" name=PARAMETER value=column.as_str() checked=self.columns.contains(&column)/>
                        <span>{column.label()}</span>
                    </label>
                }
            })
            .collect_view();
        let back = (!self.columns.is_empty()).then(|| {
            view! { <a class="button-quiet" href=Self::default().address_of(query)>"Back to sentences"</a> }
        });
        let text = query.as_written();
        let query = (!text.is_empty()).then(|| view! { <input type="hidden" name="q" value=text/> });
        view! {
            <form class="columns" method="get" action=routes::AUDIT>
                {query}
                <fieldset class="pick">
                    <legend class="bar-label">"A table of these instead of sentences"</legend>
                    <span class="pick-boxes">{boxes}</span>
                </fieldset>
                <div class="columns-go"><button class="button-quiet" type="submit">"Show the table"</button> {back}</div>
            </form>
        }
        .into_any()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_in_their_order_once_and_nonsense_is_left_out() {
        assert_eq!(
            Column::parse_all("actor,time, actor,password,ip"),
            [Column::Actor, Column::Time, Column::Ip]
        );
        assert_eq!(Column::parse_all(""), []);
        for column in Column::ALL {
            assert_eq!(Column::parse_all(column.as_str()), [column]);
        }
    }

    #[test]
    fn an_address_keeps_the_query_and_the_columns() {
        let look = Look { columns: vec![Column::Time, Column::Actor] };
        assert_eq!(look.address_of(&Query::default()), "/audit?columns=time%2Cactor");
        assert_eq!(Look::default().address_of(&Query::default()), "/audit");
    }
}
