//! A person as a circle with initials, beside their name.

use leptos::prelude::*;

/// The circle; the name stands next to it.
pub fn initials(name: &str) -> AnyView {
    view! { <span class="initials" aria-hidden="true">{letters(name)}</span> }.into_any()
}

/// First letters of the first and last word.
fn letters(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).take(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_the_first_letters_of_the_first_and_last_name() {
        assert_eq!(letters("Ana Ruiz"), "AR");
        assert_eq!(letters("José María de la Cruz"), "JC");
        assert_eq!(letters("Plato"), "P");
        assert_eq!(letters("  "), "");
        assert_eq!(letters("(temp) örjan ång"), "TÅ");
    }
}
