//! Where credentials come from, as far as the SDK tells.

use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;
use aws_credential_types::provider::ProvideCredentials;

use crate::sdk;
use crate::settings::AwsSettings;

/// Where credentials come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialsOrigin {
    /// Variables of the environment.
    Environment,
    /// A profile with keys, a process or a login of its own.
    Profile,
    /// An SSO session.
    Sso,
    /// A role that was assumed.
    Role,
    /// The role of a container or task.
    Container,
    /// The role of the instance.
    Instance,
    /// The SDK does not say.
    Unknown,
}

impl CredentialsOrigin {
    /// Of what the SDK notes of credentials.
    fn of(features: &[Feature]) -> Self {
        let has = |wanted: &[Feature]| features.iter().any(|feature| wanted.contains(feature));
        let sso = [Feature::CredentialsSso, Feature::CredentialsProfileSso];
        let role = [
            Feature::CredentialsStsAssumeRole,
            Feature::CredentialsStsAssumeRoleWebId,
            Feature::CredentialsProfileStsWebIdToken,
            Feature::CredentialsEnvVarsStsWebIdToken,
        ];
        let profile = [
            Feature::CredentialsProfile,
            Feature::CredentialsProfileProcess,
            Feature::CredentialsProcess,
            Feature::CredentialsProfileLogin,
        ];
        // A role is assumed with other credentials, and an SSO session stands in a profile.
        let kinds = [
            (&role[..], Self::Role),
            (&sso[..], Self::Sso),
            (&[Feature::CredentialsEnvVars], Self::Environment),
            (&[Feature::CredentialsHttp], Self::Container),
            (&[Feature::CredentialsImds], Self::Instance),
            (&profile[..], Self::Profile),
        ];
        kinds.into_iter().find(|(wanted, _)| has(wanted)).map_or(Self::Unknown, |(_, origin)| origin)
    }

    /// For people, as the end of a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Environment => "the environment",
            Self::Profile => "a profile",
            Self::Sso => "an SSO session",
            Self::Role => "a role that was assumed",
            Self::Container => "the role of the container or task",
            Self::Instance => "the role of the instance",
            Self::Unknown => "a place that the SDK does not name",
        }
    }
}

/// Where the credentials of an account come from; `None` without credentials.
pub async fn credentials_origin(settings: &AwsSettings) -> Option<CredentialsOrigin> {
    let credentials = sdk::load(settings).await.credentials_provider()?.provide_credentials().await.ok()?;
    let features = credentials.get_property::<Vec<Feature>>();
    Some(CredentialsOrigin::of(features.map_or(&[][..], Vec::as_slice)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_of_a_chain_of_credentials_is_told() {
        for (features, origin) in [
            (&[Feature::CredentialsEnvVars][..], CredentialsOrigin::Environment),
            (&[Feature::CredentialsProfile], CredentialsOrigin::Profile),
            (&[Feature::CredentialsSso, Feature::CredentialsProfile], CredentialsOrigin::Sso),
            (&[Feature::CredentialsProfile, Feature::CredentialsStsAssumeRole], CredentialsOrigin::Role),
            (&[Feature::CredentialsHttp], CredentialsOrigin::Container),
            (&[Feature::CredentialsImds, Feature::ResolvedAccountId], CredentialsOrigin::Instance),
            (&[], CredentialsOrigin::Unknown),
        ] {
            assert_eq!(CredentialsOrigin::of(features), origin, "{features:?}");
        }
    }
}
