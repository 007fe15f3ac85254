//! Icons: one stroke weight, 20 units wide, drawn for Gatebook.

use leptos::prelude::*;

/// What an icon stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Icon {
    Home,
    Catalogue,
    Request,
    Approval,
    Task,
    Alert,
    Book,
    People,
    Person,
    Admin,
    Search,
    Settings,
    Leave,
    Screen,
    Sun,
    Moon,
    Down,
    Right,
    Left,
    Close,
    Check,
    Warning,
    Info,
    Download,
    Clock,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Home => "M3 9.2 10 3.5l7 5.7V16a1 1 0 0 1-1 1h-3.6v-4.6H7.6V17H4a1 1 0 0 1-1-1Z",
            Self::Catalogue => "M3.5 4.5h5v5h-5zM11.5 4.5h5v5h-5zM3.5 12.5h5v4h-5zM11.5 12.5h5v4h-5z",
            Self::Request => {
                "M11.5 3H6a1.5 1.5 0 0 0-1.5 1.5v11A1.5 1.5 0 0 0 6 17h8a1.5 1.5 0 0 0 1.5-1.5V7ZM11.5 3v4h4M10 9.8v4.4M7.8 12h4.4"
            }
            Self::Approval => "M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0ZM7 10.2l2.1 2.1 4-4.4",
            Self::Task => "M4 5.5h1M4 10h1M4 14.5h1M8 5.5h8M8 10h8M8 14.5h8",
            Self::Alert => {
                "M10 3.200a4.600 4.600 0 0 0-4.600 4.600c0 3.700-1.400 4.700-1.400 5.900h12c0-1.200-1.400-2.200-1.400-5.900A4.600 4.600 0 0 0 10 3.200ZM8.300 16a1.750 1.750 0 0 0 3.400 0"
            }
            Self::Book => {
                "M4 4.6C5.8 3.8 8.2 3.8 10 5c1.800-1.200 4.200-1.200 6-.4v11c-1.800-.8-4.200-.8-6 .4-1.800-1.200-4.200-1.200-6-.4ZM10 5v11"
            }
            Self::People => {
                "M10 8.200a2.600 2.600 0 1 1-5.200 0 2.600 2.600 0 0 1 5.200 0ZM2.800 16c0-2.500 2-4.200 4.600-4.200S12 13.500 12 16M12.400 5.800a2.600 2.600 0 0 1 0 4.800M14 12.200c1.900.5 3.200 1.900 3.200 3.800"
            }
            Self::Person => {
                "M13 7a3 3 0 1 1-6 0 3 3 0 0 1 6 0ZM4.500 16.500c0-2.900 2.400-4.700 5.500-4.700s5.500 1.800 5.500 4.700"
            }
            Self::Admin => {
                "M10 2.800 16 5v4.600c0 3.600-2.400 6.200-6 7.600-3.600-1.400-6-4-6-7.600V5ZM10 7v5M7.500 9.500h5"
            }
            Self::Search => {
                "M14 8.800a5.200 5.200 0 1 1-10.400 0 5.200 5.200 0 0 1 10.400 0ZM12.700 12.700 16.500 16.500"
            }
            Self::Settings => {
                "M3 6h8M15 6h2M3 14h2M9 14h8M15 6a2 2 0 1 1-4 0 2 2 0 0 1 4 0ZM9 14a2 2 0 1 1-4 0 2 2 0 0 1 4 0Z"
            }
            Self::Leave => {
                "M8 17H5a1.500 1.500 0 0 1-1.500-1.500v-11A1.500 1.500 0 0 1 5 3h3M13 13.500l3.500-3.500L13 6.500M16 10H8"
            }
            Self::Screen => "M3 4.500h14v9H3zM7 16.800h6M10 13.500v3",
            Self::Sun => {
                "M13 10a3 3 0 1 1-6 0 3 3 0 0 1 6 0ZM10 2.800v1.400M10 15.800v1.400M2.800 10h1.400M15.800 10h1.400M4.900 4.900l1 1M14.100 14.100l1 1M4.900 15.100l1-1M14.100 5.900l1-1"
            }
            Self::Moon => "M16.500 11.800A6.800 6.800 0 0 1 8.200 3.500a6.800 6.800 0 1 0 8.300 8.300Z",
            Self::Down => "m6 8 4 4 4-4",
            Self::Right => "m8 6 4 4-4 4",
            Self::Left => "m12 6-4 4 4 4",
            Self::Close => "m6 6 8 8M14 6l-8 8",
            Self::Check => "m4.500 10.500 3.500 3.500 7.500-8",
            Self::Warning => "M10 3.500 17.500 16.500h-15ZM10 8.500v3.500M10 14.300v.1",
            Self::Info => "M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0ZM10 9.200v4.300M10 6.600v.1",
            Self::Download => "M10 3.500v9M6.500 9.200l3.500 3.500 3.500-3.500M4 16.500h12",
            Self::Clock => "M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0ZM10 6v4.200l2.800 1.600",
        }
    }
}

/// An icon beside words; it says nothing by itself.
pub fn icon(which: Icon) -> AnyView {
    view! {
        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
            <path d=which.path()/>
        </svg>
    }
    .into_any()
}
