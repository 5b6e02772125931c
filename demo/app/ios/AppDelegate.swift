import Parse
import UIKit

@UIApplicationMain
class AppDelegate: UIResponder, UIApplicationDelegate {
    func application(_ application: UIApplication,
                     didFinishLaunchingWithOptions options: [UIApplicationLaunchOptionsKey: Any]?) -> Bool {
        Parse.initialize(with: ParseClientConfiguration {
            $0.applicationId = Settings.applicationId
            $0.clientKey = Settings.clientKey
            $0.server = Settings.parseServer
        })
        return true
    }
}
