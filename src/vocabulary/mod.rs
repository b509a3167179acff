//! Owns the values that modules on several floors need, such as closed sets of values with their names in files,
//! messages and pages. Does not own what is drawn, played or done for a value. ARCHITECTURE.md describes the floors.

pub mod access;
pub mod language;
pub mod patient;
pub mod place;
pub mod signal;
pub mod sound;

/// A closed set of values, each with the name that files, messages and pages use.
pub trait Named: Copy + PartialEq + 'static {
    /// Every value, in the order in which errors and choosers list them.
    const ALL: &'static [Self];

    /// The value's name.
    fn name(self) -> &'static str;

    /// Returns the value with this name, or `None` if no value has it.
    #[must_use]
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.name() == name)
    }

    /// The allowed names, for error messages.
    #[must_use]
    fn one_of() -> String {
        format!("one of {}", Self::ALL.iter().map(|value| value.name()).collect::<Vec<_>>().join(", "))
    }
}

/// Declares an enum whose variants each have a name. `ALL`, `name` and `from_name` are inherent, so they can be used
/// without importing [`Named`].
macro_rules! named {
    ($(#[$meta:meta])* $kind:ident { $($(#[$variant_meta:meta])* $variant:ident = $name:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $kind { $($(#[$variant_meta])* $variant),+ }

        impl $kind {
            /// Every value, in the order in which errors and choosers list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The value's name in files and messages.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Returns the value with this name, or `None` if no value has it.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                <Self as $crate::vocabulary::Named>::from_name(name)
            }
        }

        impl $crate::vocabulary::Named for $kind {
            const ALL: &'static [Self] = Self::ALL;

            fn name(self) -> &'static str {
                self.name()
            }
        }

        impl ::std::fmt::Display for $kind {
            fn fmt(&self, out: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                out.write_str(self.name())
            }
        }
    };
}
pub(crate) use named;
