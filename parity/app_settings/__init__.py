"""The app settings of the guide's step 6: what the hosted app had, what the server does now."""
