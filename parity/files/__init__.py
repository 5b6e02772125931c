"""Files of the app: do old ones resolve, and do new ones land in the chosen store?"""
